/**
 * Watches whether the agent's loops turn. Each says so at every turn, at least every
 * five seconds, also while it waits: a collector that is away is waited for in
 * turns, and that is healthy. A loop that has not turned for a minute hangs in
 * something that nobody foresaw; systemd then gets no sign of life any more and
 * restarts the agent (WatchdogSec=). No line is lost by that.
 */
import type { Context } from '../lib/context.js';
import { TURN_MS } from '../lib/in-turns.js';
import type { Problem } from '../lib/problems.js';

/** A disk can be busy for long; a collector's address is given up after 20 s. */
export const STUCK_MS = 60_000;

export class Watchdog {
  /** By when each loop must turn again. */
  readonly #dueMs = new Map<string, number>();

  constructor(
    private readonly context: Pick<Context, 'clock' | 'problems'>,
    private readonly stuckMs = STUCK_MS,
  ) {}

  /** The loop has turned; its next step may take `withinMs`. */
  turned(loop: string, withinMs = this.stuckMs): void {
    this.#dueMs.set(loop, this.context.clock.monotonicMs() + withinMs);
  }

  /** All loops have come to their end. */
  ended(): void {
    this.#dueMs.clear();
    this.context.problems.clear(KEY);
  }

  /** Loops that should have turned since. */
  get stuck(): readonly string[] {
    const nowMs = this.context.clock.monotonicMs();
    return [...this.#dueMs].filter(([, dueMs]) => nowMs > dueMs).map(([loop]) => loop);
  }

  /** Every few seconds until `stop`: calls `onTurn` and looks for loops that hang. */
  async watch(onTurn: () => void, stop: AbortSignal): Promise<void> {
    const { clock, problems } = this.context;
    while (!stop.aborted) {
      await clock.sleep(TURN_MS, stop);
      onTurn();
      const { stuck } = this;
      for (const loop of this.#dueMs.keys()) {
        if (stuck.includes(loop)) problems.raise(hanging(loop, this.stuckMs));
        else problems.clear(`${KEY} ${loop}`, { loop });
      }
    }
  }
}

const KEY = 'stuck-loop';

function hanging(loop: string, stuckMs: number): Problem {
  return {
    key: `${KEY} ${loop}`,
    level: 'error',
    message: 'A loop of the agent hangs',
    facts: { loop, forSeconds: stuckMs / 1000 },
    remedy: 'systemd restarts the agent; elsewhere restart it yourself, and report this with the log before it',
    over: 'The loop of the agent turns again',
  };
}
