/**
 * Certificates that come to their end: ours and the collector's are looked at
 * every hour, and warned of when 60, 30, 14, 7 and 1 days are left, and when
 * they have ended. What a certificate was warned of is not said again.
 */
import type { Clock } from '../lib/clock.js';
import type { Report } from '../model/report.js';

/** A certificate that is in use now. */
export interface Watched {
  /** Whose: `ours` or the collector's `host:port`. */
  readonly whose: string;
  /** Tells a renewed certificate from the one before. */
  readonly fingerprint: string;
  readonly validToMs: number;
  /** What to do about it. */
  readonly remedy: string;
}

export interface CertificateWatchDependencies {
  /** Looks at the files again and says what is in use. */
  readonly present: () => Promise<readonly Watched[]>;
  readonly clock: Clock;
  readonly report: Report;
}

const EVERY_MS = 60 * 60_000;
const DAY_MS = 86_400_000;
const WARN_AT_DAYS = [60, 30, 14, 7, 1, 0];

/** Until `stop`. */
export async function watchCertificates(
  { present, clock, report }: CertificateWatchDependencies,
  stop: AbortSignal,
): Promise<void> {
  const warnedAt = new Map<string, number>();
  while (!stop.aborted) {
    for (const { whose, fingerprint, validToMs, remedy } of await present()) {
      const daysLeft = Math.floor((validToMs - clock.nowMs()) / DAY_MS);
      const mark = warningMark(daysLeft);
      if (mark === undefined || mark >= (warnedAt.get(fingerprint) ?? Number.POSITIVE_INFINITY)) continue;
      warnedAt.set(fingerprint, mark);
      const until = new Date(validToMs).toISOString();
      if (daysLeft < 0) report.error('A certificate has expired', { whose, until, remedy });
      else report.warning('A certificate expires soon', { whose, until, daysLeft, remedy });
    }
    await clock.sleep(EVERY_MS, stop);
  }
}

/** The lowest mark that `daysLeft` has come down to: 45 days left is the warning of 60. */
export function warningMark(daysLeft: number): number | undefined {
  if (daysLeft < 0) return -1;
  return WARN_AT_DAYS.findLast((days) => daysLeft <= days);
}
