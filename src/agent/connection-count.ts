/**
 * How many connections the acknowledgement has made, all in all and in the
 * last 24 hours: collectors count them, too, and may take each for a login.
 */
import type { Clock } from '../lib/clock.js';

export interface ConnectionCounts {
  /** Since the start; a connection counts when both sides have finished the handshake. */
  readonly made: number;
  /** Since the start, or in the last 24 hours when the agent has run for longer. */
  readonly lastDay: number;
}

const QUARTER_MS = 15 * 60_000;
const QUARTERS_A_DAY = 96;

export class ConnectionCount {
  #made = 0;
  /** Oldest first, quarters of an hour without connections left out. */
  readonly #quarters: { readonly quarter: number; count: number }[] = [];

  constructor(private readonly clock: Pick<Clock, 'monotonicMs'>) {}

  add(): void {
    this.#made += 1;
    const quarter = this.#quarter();
    const present = this.#quarters.at(-1);
    if (present?.quarter === quarter) present.count += 1;
    else this.#quarters.push({ quarter, count: 1 });
    this.#forget(quarter);
  }

  get counts(): ConnectionCounts {
    this.#forget(this.#quarter());
    return { made: this.#made, lastDay: this.#quarters.reduce((sum, { count }) => sum + count, 0) };
  }

  #quarter(): number {
    return Math.floor(this.clock.monotonicMs() / QUARTER_MS);
  }

  #forget(present: number): void {
    while ((this.#quarters[0]?.quarter ?? present) <= present - QUARTERS_A_DAY) this.#quarters.shift();
  }
}
