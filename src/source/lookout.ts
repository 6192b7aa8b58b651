/**
 * When to look. A hint makes one path be looked at, and once more when
 * chokidar's throttle is over; anything surprising there, and the slow poll,
 * make a look at everything. Looks at everything are spaced by what they cost,
 * so that a large tree takes a bounded share of the processor.
 */
import { stat } from 'node:fs/promises';
import type { Clock } from '../lib/clock.js';
import { reasonOf } from '../lib/errors.js';
import type { Report } from '../model/report.js';
import { Bell } from './bell.js';
import { stampOf } from './place.js';
import type { Tails } from './tails.js';
import type { Wake, WakeFactory } from './wake.js';

export interface LookoutOptions {
  readonly clock: Clock;
  readonly report: Report;
  readonly pollMs: number;
  readonly tails: Tails;
  readonly wake: WakeFactory;
  /** Whether a change at this path can matter. */
  readonly concerns: (path: string) => boolean;
  /** Looks at everything; answers with the directories worth watching. */
  readonly lookAround: () => Promise<ReadonlySet<string>>;
  readonly readable: () => void;
}

// chokidar 4 and 5 drop a change that follows another within 50 ms and never
// report it (paulmillr/chokidar#1455): look again once the throttle is over.
const RECHECK_MS = 75;
// Looks at everything that were asked for take at most a quarter of the time, polled ones a twentieth.
const ASKED_SPACING = 3;
const POLLED_SPACING = 19;
const MIN_SPACING_MS = 20;
const MAX_SPACING_MS = 60_000;
// One look that was held up by a busy machine says nothing about what looking costs.
const COSTS_KEPT = 3;

export class Lookout {
  readonly #bell: Bell;
  readonly #stopping = new AbortController();
  /** When each hinted path is to be looked at: now, and again later. */
  readonly #due = new Map<string, number>();
  #wake: Wake | undefined;
  #running: Promise<void> = Promise.resolve();
  #wanted = false;
  #lastEndMs: number;
  /** How long the last looks at everything took. */
  #tookMs: readonly number[] = [0];

  constructor(readonly options: LookoutOptions) {
    this.#bell = new Bell(options.clock);
    this.#lastEndMs = options.clock.monotonicMs();
  }

  start(): void {
    const { wake, concerns, report, clock } = this.options;
    this.#wake = wake({ hint: (path) => this.#hint(path), concerns, report, clock });
    // The first look was before there were watches.
    this.#wanted = true;
    this.#running = this.#run();
  }

  /** Something is not as it was: look at everything as soon as that is affordable. */
  lookSoon(): void {
    this.#wanted = true;
    this.#bell.ring();
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#wake?.close();
    await this.#running;
  }

  #hint(path: string): void {
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    if (this.options.tails.byPath(path) === undefined) this.#wanted = true;
    else this.#due.set(path, 0);
    this.#bell.ring();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { clock } = this.options;
    while (!signal.aborted) {
      await this.#bell.wait(this.#nextMs(), signal);
      if (signal.aborted) return;
      await this.#lookAtHinted();
      if (clock.monotonicMs() >= this.#nextFullMs()) await this.#lookAtAll();
    }
  }

  #nextFullMs(): number {
    const costMs = Math.min(...this.#tookMs);
    const spacingMs = Math.min(MAX_SPACING_MS, (this.#wanted ? ASKED_SPACING : POLLED_SPACING) * costMs);
    return this.#lastEndMs + Math.max(this.#wanted ? MIN_SPACING_MS : this.options.pollMs, spacingMs);
  }

  #nextMs(): number {
    const next = Math.min(this.#nextFullMs(), ...this.#due.values());
    return Math.max(0, next - this.options.clock.monotonicMs());
  }

  async #lookAtHinted(): Promise<void> {
    const nowMs = this.options.clock.monotonicMs();
    let changed = false;
    for (const [path, dueMs] of [...this.#due]) {
      if (dueMs > nowMs) continue;
      if (dueMs === 0) this.#due.set(path, nowMs + RECHECK_MS);
      else this.#due.delete(path);
      if (await this.#lookAt(path)) changed = true;
    }
    if (changed) this.options.readable();
  }

  /** Whether a followed file has grown. */
  async #lookAt(path: string): Promise<boolean> {
    const { tails } = this.options;
    const stats = await stat(path).catch(() => undefined);
    const tail = tails.byPath(path);
    const place = tail?.place;
    const same = stats !== undefined && place?.name === 'placed' && place.key === `${stats.dev}:${stats.ino}`;
    if (!same || tail === undefined || stats.size < place.size) {
      this.#wanted = true;
      return false;
    }
    if (stampOf(stats) === place.stamp) return false;
    tails.sight(tail, stats);
    return true;
  }

  async #lookAtAll(): Promise<void> {
    const { clock, report } = this.options;
    this.#wanted = false;
    const startMs = clock.monotonicMs();
    try {
      this.#wake?.watch(await this.options.lookAround());
    } catch (error) {
      report.error('Looking for files failed; it is tried again', { reason: reasonOf(error) });
    }
    this.#lastEndMs = clock.monotonicMs();
    this.#tookMs = [...this.#tookMs, this.#lastEndMs - startMs].slice(-COSTS_KEPT);
  }
}
