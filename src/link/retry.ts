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
