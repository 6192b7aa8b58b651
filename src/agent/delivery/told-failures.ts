/**
 * Which failures the log has been told of: each kind once an hour, so that two
 * kinds that take turns fill no log, until forwarding works again.
 */
import type { Clock } from '../../lib/clock.js';

export class ToldFailures {
  /** When each was told last, in the order in which they were told first. */
  readonly #toldAtMs = new Map<string, number>();

  constructor(
    private readonly clock: Pick<Clock, 'monotonicMs'>,
    private readonly againMs: number,
  ) {}

  /** Whether this kind is to be told now; it counts as told then. */
  isDue(code: string): boolean {
    const nowMs = this.clock.monotonicMs();
    const toldAtMs = this.#toldAtMs.get(code);
    if (toldAtMs !== undefined && nowMs - toldAtMs < this.againMs) return false;
    this.#toldAtMs.set(code, nowMs);
    return true;
  }

  /** It works again: which kinds were told since it last did. */
  over(): readonly string[] {
    const codes = [...this.#toldAtMs.keys()];
    this.#toldAtMs.clear();
    return codes;
  }
}
