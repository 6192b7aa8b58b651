/**
 * Condition variable without data. Check the condition, and only if it does not
 * hold wait, in the same tick; check again after the wait. A notification that
 * nobody waits for is kept for the next wait, so none is missed, and a wait may
 * end without a cause.
 */
import type { Clock } from './clock.js';

/** A reason of its own would be an error with a stack each time: that costs more than the wait. */
const OVER = 'over';

export class Signal {
  readonly #waiting = new Set<() => void>();
  #kept = false;

  constructor(private readonly clock: Pick<Clock, 'sleep'>) {}

  /** Ends all waits; if there is none, the next one ends at once. */
  notify(): void {
    if (this.#waiting.size === 0) this.#kept = true;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves at the next `notify`, when `abort` aborts, or after `ms`; never rejects. Without `ms` there is no time limit. */
  async wait(abort: AbortSignal, ms?: number): Promise<void> {
    if (abort.aborted) return;
    if (this.#kept) {
      this.#kept = false;
      return;
    }
    const over = new AbortController();
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        abort.removeEventListener('abort', wake);
        over.abort(OVER);
        resolve();
      };
      this.#waiting.add(wake);
      abort.addEventListener('abort', wake, { once: true });
      if (ms !== undefined) {
        void this.clock.sleep(ms, over.signal).then(() => {
          if (!over.signal.aborted) wake();
        });
      }
    });
  }
}
