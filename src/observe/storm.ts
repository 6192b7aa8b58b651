/**
 * Keeps a storm out of the log: of one message only so many pass in a minute;
 * how many more there were is told when the minute is over.
 */
import type { Clock } from '../lib/clock.js';

interface Minute {
  readonly endsMs: number;
  said: number;
}

export interface StormOptions {
  readonly clock: Clock;
  readonly windowMs: number;
  /** How many of one message pass in each window. */
  readonly limit: number;
}

export class Storm {
  readonly #minutes = new Map<string, Minute>();
  readonly #end = new AbortController();
  readonly #waiting = new Set<Promise<void>>();

  constructor(private readonly options: StormOptions) {}

  /** True if this message may be said. `more` is called once, later, with how many of them were kept back. */
  admits(message: string, more: (times: number) => void): boolean {
    const { clock, windowMs, limit } = this.options;
    const nowMs = clock.monotonicMs();
    let minute = this.#minutes.get(message);
    if (minute === undefined || nowMs >= minute.endsMs) {
      minute = { endsMs: nowMs + windowMs, said: 0 };
      this.#minutes.set(message, minute);
    }
    minute.said++;
    if (minute.said === limit + 1) this.#tellLater(minute, minute.endsMs - nowMs, more);
    return minute.said <= limit;
  }

  /** Tells at once what is still to be told. */
  async close(): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#waiting);
  }

  #tellLater(minute: Minute, ms: number, more: (times: number) => void): void {
    const told = this.options.clock.sleep(ms, this.#end.signal).then(() => {
      more(minute.said - this.options.limit);
      this.#waiting.delete(told);
    });
    this.#waiting.add(told);
  }
}
