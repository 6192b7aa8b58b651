/** Waits for a time or for a ring, whichever comes first. A ring that nobody waits for is kept; one waiter at a time. */
import type { Clock } from '../lib/clock.js';

export class Bell {
  #rung = false;
  #waiter: AbortController | undefined;

  constructor(readonly clock: Clock) {}

  ring(): void {
    this.#rung = true;
    this.#waiter?.abort();
  }

  /** Resolves at once when the signal is aborted. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#rung && !signal.aborted) {
      const waiter = new AbortController();
      const stop = () => waiter.abort();
      this.#waiter = waiter;
      signal.addEventListener('abort', stop, { once: true });
      await this.clock.sleep(ms, waiter.signal);
      signal.removeEventListener('abort', stop);
      this.#waiter = undefined;
    }
    this.#rung = false;
  }
}
