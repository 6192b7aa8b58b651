/** A clock that goes so many times faster than the world: an hour in minutes, with real sockets. */
import { setTimeout as pass } from 'node:timers/promises';
import type { Clock } from '../../src/lib/clock.js';

export function fastClock(times: number): Clock {
  const startedAtMs = Date.now();
  const passedMs = () => performance.now() * times;
  const offsetMs = passedMs();
  return {
    nowMs: () => Math.round(startedAtMs + passedMs() - offsetMs),
    monotonicMs: passedMs,
    sleep: async (ms, signal) => {
      await pass(ms / times, undefined, signal && { signal }).catch(() => undefined);
    },
  };
}
