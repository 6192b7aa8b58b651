/**
 * When to look. A hint makes one path be looked at; anything surprising there,
 * a new name that matters, and the slow poll make a look at everything. Looks
 * at everything are spaced by what they cost, so that a large tree takes a
 * bounded share of the processor.
 */
import type { Clock } from '../../lib/clock.js';
import { reasonOf } from '../../lib/errors.js';
import type { Files } from '../../lib/files.js';
import { Signal } from '../../lib/signal.js';
import type { Report } from '../../model/report.js';
import type { Discovery } from '../find/finder.js';
import type { View } from '../find/snapshot.js';
import { stampOf, type Tail } from '../read/tail.js';
import type { Tails } from '../read/tail-registry.js';
import type { Change, Watcher, WatchFiles } from './watcher.js';

export interface LookoutOptions {
  readonly clock: Clock;
  readonly files: Pick<Files, 'stat'>;
  readonly report: Report;
  readonly pollMs: number;
  readonly tails: Tails;
  readonly watch: WatchFiles;
  readonly discovery: Discovery;
  /** Looks at everything; when it is aborted, at no more of it. */
  readonly lookAround: (signal: AbortSignal) => Promise<View>;
  readonly readable: () => void;
}

// Whether a new name is a directory's is asked of so many so often; of more, a look at everything tells sooner.
const MAX_STRANGERS = 50;
const STRANGERS_EVERY_MS = 50;
// Looks at everything that were asked for take at most a quarter of the time, polled ones a twentieth.
const ASKED_SPACING = 3;
const POLLED_SPACING = 19;
const MIN_SPACING_MS = 20;
const MAX_SPACING_MS = 60_000;
// One look that was held up by a busy machine says nothing about what looking costs.
const COSTS_KEPT = 3;

export class Lookout {
  readonly #changed: Signal;
  readonly #stopping = new AbortController();
  readonly #hinted = new Hinted();
  /** New names that matter if they are directories. */
  readonly #strangers = new Set<string>();
  #strangersAtMs = 0;
  #watcher: Watcher | undefined;
  /** What the last look at everything has found. */
  #view: View | undefined;
  #running: Promise<void> = Promise.resolve();
  #wanted = false;
  #lastEndMs: number;
  /** How long the last looks at everything took. */
  #tookMs: readonly number[] = [0];

  constructor(readonly options: LookoutOptions) {
    this.#changed = new Signal(options.clock);
    this.#lastEndMs = options.clock.monotonicMs();
  }

  /** `view`: what `lookAround` has just answered. */
  start(view: View): void {
    const { watch, report } = this.options;
    this.#watcher = watch({ hint: (path, change) => this.#hint(path, change), report });
    this.#running = this.#run(view);
  }

  /** Something is not as it was: look at everything as soon as that is affordable. */
  lookSoon(): void {
    this.#wanted = true;
    this.#changed.notify();
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#watcher?.close();
    await this.#running;
  }

  #hint(path: string, change: Change): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#tailAt(path) !== undefined) this.#hinted.add(path);
    else if (this.#wanted) return;
    else if (this.#view?.directories.has(path) || this.#concerns(path)) this.#wanted = true;
    else if (change === 'change' || !this.options.discovery.leads(path)) return;
    else if (this.#strangers.size < MAX_STRANGERS) this.#strangers.add(path);
    else this.#wanted = true;
    this.#changed.notify();
  }

  /** The tail whose file lies at this path, or behind a link that leads to it. */
  #tailAt(path: string): Tail | undefined {
    const { tails } = this.options;
    return tails.byPath(path) ?? tails.byKey(this.#view?.behindLink(path) ?? '');
  }

  /** Whether a file at this path, or getting through to it, can matter. */
  #concerns(path: string): boolean {
    const { tails, discovery } = this.options;
    return this.#view?.unreachable.has(path) || discovery.concerns(path, tails.lineages);
  }

  async #run(view: View): Promise<void> {
    const { signal } = this.#stopping;
    const { clock } = this.options;
    await this.#watch(view);
    while (!signal.aborted) {
      await this.#changed.wait(signal, this.#nextMs());
      if (signal.aborted) return;
      await this.#lookAtHinted();
      await this.#lookAtStrangers();
      if (clock.monotonicMs() >= this.#nextFullMs()) await this.#lookAtAll();
    }
  }

  #nextFullMs(): number {
    const costMs = Math.min(...this.#tookMs);
    const spacingMs = Math.min(MAX_SPACING_MS, (this.#wanted ? ASKED_SPACING : POLLED_SPACING) * costMs);
    return this.#lastEndMs + Math.max(this.#wanted ? MIN_SPACING_MS : this.options.pollMs, spacingMs);
  }

  #nextMs(): number {
    const strangersMs = this.#strangers.size > 0 ? this.#strangersAtMs : Number.POSITIVE_INFINITY;
    const nextMs = Math.min(this.#nextFullMs(), this.#hinted.nextMs, strangersMs);
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
      this.#wanted = true;
      return false;
    }
    if (stampOf(stats) === place.stamp) return false;
    this.options.tails.sight(tail, stats);
    return true;
  }

  async #lookAtStrangers(): Promise<void> {
    const nowMs = this.options.clock.monotonicMs();
    if (this.#strangers.size === 0 || nowMs < this.#strangersAtMs) return;
    this.#strangersAtMs = nowMs + STRANGERS_EVERY_MS;
    const strangers = [...this.#strangers];
    this.#strangers.clear();
    for (const path of strangers) {
      if (this.#wanted) return;
      const stats = await this.options.files.stat(path).catch(() => undefined);
      if (stats?.isDirectory) this.#wanted = true;
    }
  }

  async #lookAtAll(): Promise<void> {
    const { clock, report } = this.options;
    this.#wanted = false;
    const startMs = clock.monotonicMs();
    try {
      await this.#watch(await this.options.lookAround(this.#stopping.signal));
    } catch (error) {
      report.error('Looking for files failed; it is tried again', { reason: reasonOf(error) });
    }
    this.#lastEndMs = clock.monotonicMs();
    this.#tookMs = [...this.#tookMs, this.#lastEndMs - startMs].slice(-COSTS_KEPT);
  }

  async #watch(view: View): Promise<void> {
    this.#view = view;
    // What came between the look and the watch was told to nobody.
    if (await this.#watcher?.watch(view.directories)) this.lookSoon();
  }
}

/*
 * Hinted paths, and when each is to be looked at: at once, but no sooner than
 * a rest after the last look. A log that is written to all the time is so read
 * in pieces worth reading. Pure.
 */

/** Twenty looks a second: a wait that nobody notices, and a cost likewise. */
const REST_MS = 50;

interface Rest {
  readonly untilMs: number;
  hinted: boolean;
}

export class Hinted {
  readonly #fresh = new Set<string>();
  /** The one whose rest ends first comes first. */
  readonly #resting = new Map<string, Rest>();

  add(path: string): void {
    const rest = this.#resting.get(path);
    if (rest === undefined) this.#fresh.add(path);
    else rest.hinted = true;
  }

  /** The paths to be looked at now; they rest afterwards. */
  take(nowMs: number): readonly string[] {
    for (const [path, { untilMs, hinted }] of this.#resting) {
      if (untilMs > nowMs) break;
      this.#resting.delete(path);
      if (hinted) this.#fresh.add(path);
    }
    const due = [...this.#fresh];
    this.#fresh.clear();
    for (const path of due) this.#resting.set(path, { untilMs: nowMs + REST_MS, hinted: false });
    return due;
  }

  /** When to ask again; `Infinity` when nothing is hinted or rests. */
  get nextMs(): number {
    if (this.#fresh.size > 0) return 0;
    const [first] = this.#resting.values();
    return first?.untilMs ?? Number.POSITIVE_INFINITY;
  }
}
