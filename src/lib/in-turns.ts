/**
 * Splits long waits into short turns. What waits for something that may never come
 * (a line, a collector, room) looks again every few seconds: so it can be told
 * from a loop that hangs, and a lost wake-up costs seconds.
 */
import type { Clock } from './clock.js';

export const TURN_MS = 5_000;

export interface Turning {
  readonly clock: Clock;
  /** A turn begins. */
  readonly turned: () => void;
}

/**
 * Calls `wait` again and again until it resolves before its turn is over, or `stop` aborts. Its signal ends the turn:
 * it must resolve then, or no other turn begins.
 */
export async function inTurns(
  wait: (over: AbortSignal) => Promise<unknown>,
  { clock, turned }: Turning,
  stop: AbortSignal,
): Promise<void> {
  for (let waiting = true; waiting && !stop.aborted; ) {
    turned();
    const turn = new AbortController();
    const end = () => turn.abort();
    stop.addEventListener('abort', end);
    const done = new AbortController();
    void clock.sleep(TURN_MS, done.signal).then(() => {
      if (!done.signal.aborted) end();
    });
    await wait(turn.signal);
    waiting = turn.signal.aborted;
    done.abort();
    stop.removeEventListener('abort', end);
  }
}

/** Sleeps `ms`, in turns. */
export async function sleepInTurns(ms: number, { clock, turned }: Turning, stop: AbortSignal): Promise<void> {
  const untilMs = clock.monotonicMs() + ms;
  for (let restMs = ms; restMs > 0 && !stop.aborted; restMs = untilMs - clock.monotonicMs()) {
    turned();
    await clock.sleep(Math.min(restMs, TURN_MS), stop);
  }
}
