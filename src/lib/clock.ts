/** Time as an argument, so that tests neither wait nor guess. Ages and deadlines use `monotonicMs`, which no clock change moves. */

export interface Clock {
  /** Wall clock, milliseconds since 1970-01-01T00:00Z. */
  nowMs(): number;
  /** Milliseconds since some moment; never goes back. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when the signal aborts; it never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    }),
};

/** Whether NTP keeps this machine's clock, as far as anybody on it can say. */
export type ClockSync = 'synchronised' | 'unsynchronised' | 'unknown';
