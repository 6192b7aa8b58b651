/** Waits for a time or for a ring, whichever comes first. A ring that nobody waits for is kept; one waiter at a time. */
import type { Clock } from './clock.js';

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

/** Wakes whoever waits; carries nothing. Look, and only if there is nothing to do wait, without an await in between. */
export class Wake {
  readonly #waiting = new Set<() => void>();

  wake(): void {
    for (const go of this.#waiting) go();
  }

  /** Resolves at the next wake, or when the signal aborts; never rejects. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const go = () => {
        this.#waiting.delete(go);
        signal.removeEventListener('abort', go);
        resolve();
      };
      this.#waiting.add(go);
      signal.addEventListener('abort', go);
    });
  }
}
