/**
 * Certificates that come to their end: our chain and the collector's are looked
 * at every hour, and warned of when 60, 30, 14, 7 and 1 days are left, and when
 * they have ended; so is the revocation list, on its last days. What was warned
 * of is not said again.
 */
import type { Clock } from '../../lib/clock.js';
import type { Report } from '../../model/report.js';
import { daysUntil } from './certificate-state.js';

/** A certificate, or revocation list, that is in use now. */
export interface Watched {
  /** Of a list: tls.crl, which ends every few weeks and is made anew shortly before. */
  readonly kind: 'certificate' | 'revocation-list';
  /** Whose: `ours` or the collector's `host:port`; of an authority of theirs: its name, too. */
  readonly whose: string;
  /** Tells a renewed one from the one before. */
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
const MARKS = { certificate: [60, 30, 14, 7, 1, 0], 'revocation-list': [1, 0] } as const;
const SENTENCES = {
  certificate: { soon: 'A certificate expires soon', ended: 'A certificate has expired' },
  'revocation-list': {
    soon: 'The revocation list ends soon; then every collector is refused',
    ended: 'The revocation list has ended and every collector is refused',
  },
} as const;

/** Until `stop`. */
export async function watchCertificates(
  { present, clock, report }: CertificateWatchDependencies,
  stop: AbortSignal,
): Promise<void> {
  const warnedAt = new Map<string, number>();
  while (!stop.aborted) {
    for (const { kind, whose, fingerprint, validToMs, remedy } of await present()) {
      const daysLeft = daysUntil(validToMs, clock.nowMs());
      const mark = warningMark(daysLeft, MARKS[kind]);
      if (mark === undefined || mark >= (warnedAt.get(fingerprint) ?? Number.POSITIVE_INFINITY)) continue;
      warnedAt.set(fingerprint, mark);
      const until = new Date(validToMs).toISOString();
      const { soon, ended } = SENTENCES[kind];
      if (daysLeft < 0) report.error(ended, { whose, until, remedy });
      else report.warning(soon, { whose, until, daysLeft, remedy });
    }
    await clock.sleep(EVERY_MS, stop);
  }
}

/** The lowest mark that `daysLeft` has come down to: 45 days left is the warning of 60. */
export function warningMark(daysLeft: number, marks: readonly number[] = MARKS.certificate): number | undefined {
  if (daysLeft < 0) return -1;
  return marks.findLast((days) => daysLeft <= days);
}
