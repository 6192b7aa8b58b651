/**
 * Decides when to look for files. A hint from the watcher makes one path be
 * looked at. Anything unexpected there, and a new name that matters, start a
 * scan of everything. Scans are spaced by what they cost, so that a large tree
 * takes a bounded share of the processor.
 *
 * Hints may be missing, so there is a slow poll, too. Where no hints come it is
 * a scan. Where they do it asks for the times of the directories, which tell
 * names that have come or gone, and of the files in turn, a sixth at each poll;
 * every twelfth poll is a scan even so.
 */
import type { Context } from '../../lib/context.js';
import { reasonOf } from '../../lib/errors.js';
import { isHeard } from '../../lib/files.js';
import { Signal } from '../../lib/signal.js';
import type { Finder } from '../find/finder.js';
import type { Snapshot } from '../find/snapshot.js';
import { stampOf, type Tail } from '../read/tail.js';
import type { Tails } from '../read/tail-registry.js';
import type { Change, Watcher, WatchFiles } from './watcher.js';

export interface ScanScheduleOptions extends Pick<Context, 'clock' | 'problems'> {
  readonly files: Pick<Context['files'], 'stat' | 'volume'>;
  /** The time between two scans when nothing happens. */
  readonly pollMs: number;
  readonly tails: Tails;
  readonly watch: WatchFiles;
  readonly finder: Finder;
  /** Looks for all files; once it is aborted, for no more of them, and may have no answer. */
  readonly scan: (signal: AbortSignal) => Promise<Snapshot | undefined>;
  /** Whether a scan can find out nothing new as long as neither a directory nor a followed file changes. */
  readonly isSettled: () => boolean;
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

const FILES_IN_TURN = 6;
const POLLS_A_SCAN = 12;

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
  #pollsSinceScan = 0;
  /** Hints come of all directories with followed files. */
  #isHinted = false;
  /** By device: whether the kernel hears of every change on it. */
  readonly #heard = new Map<string, boolean>();
  /** Followed files, from the next to be looked at on. */
  #nextTails: Iterator<Tail, undefined>;

  constructor(private readonly options: ScanScheduleOptions) {
    this.#changed = new Signal(options.clock);
    this.#nextTails = options.tails.all;
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
      if (clock.monotonicMs() < this.#nextScanMs()) continue;
      if (await this.#isScanDue()) await this.#scan();
      else await this.#lookAtNext();
    }
  }

  /** Whether a look at some of the files is not enough. */
  async #isScanDue(): Promise<boolean> {
    const { finder, isSettled } = this.options;
    if (this.#scanWanted || !this.#isHinted || ++this.#pollsSinceScan >= POLLS_A_SCAN) return true;
    const isReachable = this.#snapshot?.unreachable.size === 0 && this.#snapshot.refused.length === 0;
    return !isReachable || !isSettled() || (await finder.mayFindOthers(this.#stopping.signal));
  }

  /** Looks at the files whose turn it is, for a change that no hint has told. */
  async #lookAtNext(): Promise<void> {
    const { tails, clock, readable } = this.options;
    let changed = false;
    for (let left = Math.ceil(tails.size / FILES_IN_TURN); left > 0 && !this.#stopping.signal.aborted; left--) {
      let next = this.#nextTails.next();
      if (next.done) {
        this.#nextTails = tails.all;
        next = this.#nextTails.next();
      }
      if (next.done) break;
      if (next.value.place.name === 'placed' && (await this.#lookAt(next.value.path))) changed = true;
    }
    if (changed) readable();
    this.#lastEndMs = clock.monotonicMs();
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
      if (this.#stopping.signal.aborted) return;
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
    this.#pollsSinceScan = 0;
    const startMs = clock.monotonicMs();
    try {
      const snapshot = await scan(this.#stopping.signal);
      if (snapshot === undefined) return;
      await this.#watch(snapshot);
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
    this.#isHinted = await this.#comeHints(snapshot);
  }

  /** Whether hints come of all directories that are worth watching. */
  async #comeHints({ directories }: Snapshot): Promise<boolean> {
    for (const [directory, key] of directories) {
      if (this.#watcher?.watches(directory) !== true) return false;
      const device = key.slice(0, key.indexOf(':'));
      const known = this.#heard.get(device);
      const heard = known ?? (await this.options.files.volume(directory).then(isHeard, () => false));
      this.#heard.set(device, heard);
      if (!heard) return false;
    }
    return true;
  }
}

/* Hinted paths. */

/**
 * At most twenty looks a second at one path, and with many paths a thousand in all, so that logs that are written to all
 * the time are read in larger pieces.
 */
const PAUSE_MS = 50;
const PAUSE_OF_EACH_MS = 1;
const MAX_PAUSE_MS = 250;

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
    const busy = this.#paused.size + paths.length;
    const pauseMs = Math.max(PAUSE_MS, Math.min(MAX_PAUSE_MS, busy * PAUSE_OF_EACH_MS));
    for (const path of paths) this.#paused.set(path, { untilMs: nowMs + pauseMs, hinted: false });
    return paths;
  }

  /** When to ask again; `Infinity` when nothing is hinted or pauses. */
  get nextMs(): number {
    if (this.#due.size > 0) return 0;
    const [first] = this.#paused.values();
    return first?.untilMs ?? Number.POSITIVE_INFINITY;
  }
}
