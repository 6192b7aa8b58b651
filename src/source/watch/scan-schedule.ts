/**
 * Decides when to look for files. A hint from the watcher makes one path be
 * looked at. Anything unexpected there, a new name that matters, and a slow
 * poll start a scan of everything. Scans are spaced by what they cost, so that
 * a large tree takes a bounded share of the processor.
 */
import type { Context } from '../../lib/context.js';
import { reasonOf } from '../../lib/errors.js';
import { Signal } from '../../lib/signal.js';
import type { Finder } from '../find/finder.js';
import type { Snapshot } from '../find/snapshot.js';
import { stampOf, type Tail } from '../read/tail.js';
import type { Tails } from '../read/tail-registry.js';
import type { Change, Watcher, WatchFiles } from './watcher.js';

export interface ScanScheduleOptions extends Pick<Context, 'clock' | 'problems'> {
  readonly files: Pick<Context['files'], 'stat'>;
  /** The time between two scans when nothing happens. */
  readonly pollMs: number;
  readonly tails: Tails;
  readonly watch: WatchFiles;
  readonly finder: Finder;
  /** Looks for all files; once it is aborted, for no more of them. */
  readonly scan: (signal: AbortSignal) => Promise<Snapshot>;
  /** A followed file has grown. */
  readonly readable: () => void;
}

// At most 50 new names are asked every 50 ms whether they are directories; beyond that a scan is cheaper.
const MAX_NEW_NAMES = 50;
const NEW_NAMES_EVERY_MS = 50;
// Scans that something asked for take at most a quarter of the time, polled ones a twentieth.
const ASKED_SPACING = 3;
const POLLED_SPACING = 19;
const MIN_SPACING_MS = 20;
const MAX_SPACING_MS = 60_000;
// The cheapest of the last three scans counts: one that a busy machine held up says nothing about what scans cost.
const COSTS_KEPT = 3;

export class ScanSchedule {
  readonly #changed: Signal;
  readonly #stopping = new AbortController();
  readonly #hinted = new HintedPaths();
  /** New names that matter if they are directories. */
  readonly #newNames = new Set<string>();
  #newNamesDueMs = 0;
  #watcher: Watcher | undefined;
  /** What the last scan found. */
  #snapshot: Snapshot | undefined;
  #running: Promise<void> = Promise.resolve();
  #scanWanted = false;
  #lastEndMs: number;
  /** How long the last scans took. */
  #costsMs: readonly number[] = [0];

  constructor(private readonly options: ScanScheduleOptions) {
    this.#changed = new Signal(options.clock);
    this.#lastEndMs = options.clock.monotonicMs();
  }

  /** `view`: what `scan` has just found. */
  start(snapshot: Snapshot): void {
    const { watch, problems } = this.options;
    this.#watcher = watch({ hint: (path, change) => this.#hint(path, change), problems });
    this.#running = this.#run(snapshot);
  }

  /** Something is not as it was: scan as soon as that is affordable. */
  scanSoon(): void {
    this.#scanWanted = true;
    this.#changed.notify();
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#watcher?.close();
    await this.#running;
  }

  #hint(path: string, change: Change): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#tailAt(path) !== undefined) {
      // A log that is written to all the time is hinted at with every line: the end of its pause is waited for already.
      if (!this.#hinted.add(path)) return;
    } else if (this.#scanWanted) return;
    else if (this.#snapshot?.directories.has(path) || this.#concerns(path)) this.#scanWanted = true;
    else if (change === 'change' || !this.options.finder.leads(path)) return;
    else if (this.#newNames.size < MAX_NEW_NAMES) this.#newNames.add(path);
    else this.#scanWanted = true;
    this.#changed.notify();
  }

  /** The tail whose file lies at this path, or behind a link that leads to it. */
  #tailAt(path: string): Tail | undefined {
    const { tails } = this.options;
    return tails.byPath(path) ?? tails.byKey(this.#snapshot?.behindLink(path) ?? '');
  }

  /** Whether a file at this path, or getting through to it, can matter. */
  #concerns(path: string): boolean {
    const { tails, finder } = this.options;
    return this.#snapshot?.unreachable.has(path) || finder.concerns(path, tails.lineages);
  }

  async #run(snapshot: Snapshot): Promise<void> {
    const { signal } = this.#stopping;
    const { clock } = this.options;
    await this.#watch(snapshot);
    while (!signal.aborted) {
      await this.#changed.wait(signal, this.#nextMs());
      if (signal.aborted) return;
      await this.#lookAtHinted();
      await this.#lookAtNewNames();
      if (clock.monotonicMs() >= this.#nextScanMs()) await this.#scan();
    }
  }

  #nextScanMs(): number {
    const costMs = Math.min(...this.#costsMs);
    const spacingMs = Math.min(MAX_SPACING_MS, (this.#scanWanted ? ASKED_SPACING : POLLED_SPACING) * costMs);
    return this.#lastEndMs + Math.max(this.#scanWanted ? MIN_SPACING_MS : this.options.pollMs, spacingMs);
  }

  #nextMs(): number {
    const newNamesMs = this.#newNames.size > 0 ? this.#newNamesDueMs : Number.POSITIVE_INFINITY;
    const nextMs = Math.min(this.#nextScanMs(), this.#hinted.nextMs, newNamesMs);
    return Math.max(0, nextMs - this.options.clock.monotonicMs());
  }

  async #lookAtHinted(): Promise<void> {
    let changed = false;
    for (const path of this.#hinted.take(this.options.clock.monotonicMs())) {
      if (await this.#lookAt(path)) changed = true;
    }
    if (changed) this.options.readable();
  }

  /** Whether a followed file has grown. */
  async #lookAt(path: string): Promise<boolean> {
    const stats = await this.options.files.stat(path).catch(() => undefined);
    const tail = this.#tailAt(path);
    const place = tail?.place;
    const same = stats !== undefined && place?.name === 'placed' && place.key === `${stats.dev}:${stats.ino}`;
    if (!same || tail === undefined || stats.size < place.size) {
      this.#scanWanted = true;
      return false;
    }
    if (stampOf(stats) === place.stamp) return false;
    this.options.tails.sight(tail, stats);
    return true;
  }

  async #lookAtNewNames(): Promise<void> {
    const nowMs = this.options.clock.monotonicMs();
    if (this.#newNames.size === 0 || nowMs < this.#newNamesDueMs) return;
    this.#newNamesDueMs = nowMs + NEW_NAMES_EVERY_MS;
    const names = [...this.#newNames];
    this.#newNames.clear();
    for (const path of names) {
      if (this.#scanWanted) return;
      const stats = await this.options.files.stat(path).catch(() => undefined);
      if (stats?.isDirectory) this.#scanWanted = true;
    }
  }

  async #scan(): Promise<void> {
    const { clock, problems, scan } = this.options;
    this.#scanWanted = false;
    const startMs = clock.monotonicMs();
    try {
      await this.#watch(await scan(this.#stopping.signal));
      problems.clear('scan');
    } catch (error) {
      problems.raise({
        key: 'scan',
        level: 'error',
        message: 'Looking for log files failed; retrying',
        facts: { reason: reasonOf(error) },
        over: 'Looking for log files works again',
      });
    }
    this.#lastEndMs = clock.monotonicMs();
    this.#costsMs = [...this.#costsMs, this.#lastEndMs - startMs].slice(-COSTS_KEPT);
  }

  async #watch(snapshot: Snapshot): Promise<void> {
    this.#snapshot = snapshot;
    // No hint came of what happened between the scan and the start of the watch.
    if (await this.#watcher?.watch(snapshot.directories)) this.scanSoon();
  }
}

/* Hinted paths. */

/** At most twenty looks a second at one path, so that a log that is written to all the time is read in larger pieces. */
const PAUSE_MS = 50;

interface Pause {
  readonly untilMs: number;
  hinted: boolean;
}

/** Which paths were hinted, and when each may be looked at: at once, or when its pause after the last look is over. Pure. */
export class HintedPaths {
  readonly #due = new Set<string>();
  /** The one whose pause ends first comes first. */
  readonly #paused = new Map<string, Pause>();

  /** Answers whether it may be looked at now; otherwise `nextMs` says when, as before. */
  add(path: string): boolean {
    const pause = this.#paused.get(path);
    if (pause === undefined) this.#due.add(path);
    else pause.hinted = true;
    return pause === undefined;
  }

  /** The paths to be looked at now; their pause begins. */
  take(nowMs: number): readonly string[] {
    for (const [path, { untilMs, hinted }] of this.#paused) {
      if (untilMs > nowMs) break;
      this.#paused.delete(path);
      if (hinted) this.#due.add(path);
    }
    const paths = [...this.#due];
    this.#due.clear();
    for (const path of paths) this.#paused.set(path, { untilMs: nowMs + PAUSE_MS, hinted: false });
    return paths;
  }

  /** When to ask again; `Infinity` when nothing is hinted or pauses. */
  get nextMs(): number {
    if (this.#due.size > 0) return 0;
    const [first] = this.#paused.values();
    return first?.untilMs ?? Number.POSITIVE_INFINITY;
  }
}
