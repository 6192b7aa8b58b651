/**
 * Whether the agent's loops turn. Each says so at every turn, at least every
 * five seconds, also while it waits: a collector that is away is waited for in
 * turns, and that is healthy. A loop that has not turned for a minute is stuck
 * in something that nobody foresaw; systemd is then told nothing more, and
 * starts the agent anew (WatchdogSec=). No line is lost by that.
 */
import type { Clock } from '../lib/clock.js';
import { TURN_MS } from '../lib/in-turns.js';
import type { Report } from '../model/report.js';

/** A disk can be busy for long; a collector's address is given up after 20 s. */
export const STUCK_MS = 60_000;

export class Health {
  /** By when each loop must turn again. */
  readonly #dueMs = new Map<string, number>();
  readonly #told = new Set<string>();

  constructor(
    private readonly clock: Clock,
    private readonly report: Report,
    private readonly stuckMs = STUCK_MS,
  ) {}

  /** The loop has turned; its next step may take `withinMs`. */
  turned(loop: string, withinMs = this.stuckMs): void {
    this.#dueMs.set(loop, this.clock.monotonicMs() + withinMs);
  }

  /** All loops have come to their end. */
  ended(): void {
    this.#dueMs.clear();
  }

  /** Loops that should have turned since. */
  get stuck(): readonly string[] {
    const nowMs = this.clock.monotonicMs();
    return [...this.#dueMs].filter(([, dueMs]) => nowMs > dueMs).map(([loop]) => loop);
  }

  /** Until `stop`: ends, by `nudge`, the waits that do not end by themselves, and tells of loops that are stuck. */
  async watch(nudge: () => void, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.clock.sleep(TURN_MS, stop);
      nudge();
      this.#tell();
    }
  }

  #tell(): void {
    const { stuck } = this;
    for (const loop of stuck) {
      if (this.#told.has(loop)) continue;
      this.#told.add(loop);
      this.report.error('A loop does not turn: it hangs in something that should have ended', {
        loop,
        forSeconds: this.stuckMs / 1000,
        remedy: 'under systemd the agent is started anew; elsewhere restart it, and report this with the log before it',
      });
    }
    for (const loop of this.#told) {
      if (stuck.includes(loop)) continue;
      this.#told.delete(loop);
      this.report.notice('The loop turns again', { loop });
    }
  }
}
