/** Waits between retries: none before the first, then longer and longer. */
import type { Clock } from './clock.js';

const FIRST_MS = 100;
const LONGEST_MS = 10_000;

export class Pauses {
  #ms = 0;
  #untilMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly clock: Clock) {}

  /** Resolves when the next try may begin, or when the signal aborts: the pause then still has its end. */
  async over(signal: AbortSignal): Promise<void> {
    await this.clock.sleep(Math.max(0, this.#untilMs - this.clock.monotonicMs()), signal);
  }

  /** A try begins: the one after it comes no sooner than this. */
  begin(): void {
    this.#ms = Math.min(Math.max(this.#ms * 2, FIRST_MS), LONGEST_MS);
    this.#untilMs = this.clock.monotonicMs() + this.#ms;
  }

  /** Something has changed: the next try need not wait. */
  cut(): void {
    this.#untilMs = Number.NEGATIVE_INFINITY;
  }

  /** It works again. */
  reset(): void {
    this.#ms = 0;
    this.cut();
  }
}

/** How long to wait before the next try: full jitter, so that a fleet that lost its collector does not come back in step. */
export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
}

export const DEFAULT_BACKOFF: BackoffOptions = { initialMs: 500, maxMs: 30_000 };

/** `attempt` counts failures since the last acknowledgement, from 0; `random` gives 0 to 1. */
export function backoffMs(attempt: number, { initialMs, maxMs }: BackoffOptions, random: () => number): number {
  return random() * Math.min(maxMs, initialMs * 2 ** Math.min(attempt, 30));
}
