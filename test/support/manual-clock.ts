/** A clock that stands still until the test moves it. */
import type { Clock } from '../../src/lib/clock.js';

export class ManualClock implements Clock {
  #atMs: number;
  readonly #sleepers = new Set<{ readonly untilMs: number; wake(): void }>();

  constructor(startMs = Date.UTC(2026, 10, 23, 10)) {
    this.#atMs = startMs;
  }

  /** How many wait for the clock to go on. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  nowMs(): number {
    return this.#atMs;
  }

  monotonicMs(): number {
    return this.#atMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper = { untilMs: this.#atMs + ms, wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', wake);
    });
  }

  /** Wakes whom the time has come for, and lets them do what they do at once. */
  async advance(ms: number): Promise<void> {
    this.#atMs += ms;
    for (const sleeper of this.#sleepers) if (sleeper.untilMs <= this.#atMs) sleeper.wake();
    await new Promise(setImmediate);
  }
}
