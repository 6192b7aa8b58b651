/** A clock on which every wait is over at the next turn of the loop, and has taken the time it was for. */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../src/lib/clock.js';

export function hastyClock(): Clock {
  let passedMs = 0;
  return {
    nowMs: () => 1_700_000_000_000 + passedMs,
    monotonicMs: () => passedMs,
    sleep: async (ms, signal) => {
      await setImmediate();
      if (!signal?.aborted) passedMs += ms;
    },
  };
}
