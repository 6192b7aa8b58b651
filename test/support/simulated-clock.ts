/**
 * Virtual time for a whole agent in one process: the clock stands still while
 * anything runs and, once nothing does, jumps to when the next sleeper is due.
 * An hour passes in as long as its events take to compute.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../src/lib/clock.js';

interface Sleeper {
  readonly untilMs: number;
  /** Of two that are due at once, the one that slept first wakes first. */
  readonly order: number;
  wake(): void;
}

/** So many turns of the event loop without a sign of life mean that everything waits for the clock. */
const QUIET_TURNS = 12;

export class SimulatedClock implements Clock {
  #atMs: number;
  #activity = 0;
  #order = 0;
  readonly #sleepers = new Set<Sleeper>();

  constructor(startMs = Date.UTC(2026, 10, 23, 10)) {
    this.#atMs = startMs;
  }

  nowMs(): number {
    return this.#atMs;
  }

  monotonicMs(): number {
    return this.#atMs;
  }

  /** Disk and network say that something has happened: time does not go on yet. */
  stir(): void {
    this.#activity += 1;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.stir();
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        this.stir();
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#order += 1;
      const sleeper = { untilMs: this.#atMs + Math.max(0, ms), order: this.#order, wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', wake);
    });
  }

  /** Lets `ms` pass, and everything happen that is due in that time. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#atMs + ms;
    for (;;) {
      await this.settled();
      const next = this.#nextDue(untilMs);
      if (next === undefined) break;
      this.#atMs = Math.max(this.#atMs, next.untilMs);
      next.wake();
    }
    this.#atMs = untilMs;
  }

  /** Lets time pass until the condition holds; rejects when it does not within `withinMs`. */
  async until(condition: () => boolean, { what, withinMs }: { what: string; withinMs: number }): Promise<void> {
    const untilMs = this.#atMs + withinMs;
    for (;;) {
      await this.settled();
      if (condition()) return;
      const next = this.#nextDue(untilMs);
      if (next === undefined) throw new Error(`${what} did not come about within ${withinMs} ms`);
      this.#atMs = Math.max(this.#atMs, next.untilMs);
      next.wake();
    }
  }

  /** Resolves when everything waits for the clock. */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
      const before = this.#activity;
      await nextTurn();
      if (before !== this.#activity) quiet = -1;
    }
  }

  #nextDue(untilMs: number): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (sleeper.untilMs > untilMs) continue;
      const earlier =
        first === undefined ||
        sleeper.untilMs < first.untilMs ||
        (sleeper.untilMs === first.untilMs && sleeper.order < first.order);
      if (earlier) first = sleeper;
    }
    return first;
  }
}
