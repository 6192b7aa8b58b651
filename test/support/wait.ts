/**
 * Waiting in tests: for a condition, with an end. Never a sleep that hopes that
 * something has happened meanwhile; a condition that never comes fails with its name.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** A condition's answers that mean "not yet"; anything else is what was waited for. */
type NotYet = false | undefined | null;

export interface Wait {
  /** Default 60 000: only ever reached by a test that fails, so generous enough for a busy machine. */
  readonly timeoutMs?: number;
  /** What is waited for, as the error says it: "the collector to hold 20 messages". */
  readonly what: string;
  /** Time between two looks, in milliseconds. Default 10. */
  readonly everyMs?: number;
}

/**
 * Looks until `condition` answers something else than false, undefined or null, and returns that answer.
 * Throws an Error naming `what` when the time is over; an error thrown by the condition goes through at once.
 * What is waited for often lives in this thread: a look that takes long leaves it twice as long before the next.
 */
export async function until<T>(
  condition: () => T | NotYet | Promise<T | NotYet>,
  { timeoutMs = 60_000, what, everyMs = 10 }: Wait,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const beganMs = performance.now();
    const looking = condition();
    const tookMs = performance.now() - beganMs;
    const answer = await looking;
    if (answer !== false && answer !== undefined && answer !== null) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await sleep(Math.max(everyMs, 2 * tookMs));
  }
}

/** `promise`, or an Error naming `what` when it has not settled in time. */
export async function within<T>(promise: Promise<T>, { timeoutMs = 60_000, what }: Omit<Wait, 'everyMs'>): Promise<T> {
  const settled = new AbortController();
  try {
    return await Promise.race([
      promise,
      sleep(timeoutMs, undefined, { signal: settled.signal }).then(() => {
        throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
      }),
    ]);
  } finally {
    settled.abort();
  }
}
