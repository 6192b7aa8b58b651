/** How long the certificates in use, theirs and ours, and the revocation list still last. Pure. */
import type { Peer } from '../../link/peer.js';
import type { Credentials } from '../../pki/credentials.js';

export interface CertificateState {
  readonly subject: string;
  readonly notAfter: string;
  /** Whole days; below 0 when it has ended. */
  readonly daysLeft: number;
  /** The same of the certificate in its chain, its own included, that ends first. */
  readonly chainDaysLeft: number;
}

export interface CertificateStates {
  readonly certificate: CertificateState | undefined;
  /** Of the collector that we are, or were last, connected to. */
  readonly collectorCertificate: CertificateState | undefined;
  /** tls.crl: when it ends, every collector is refused. */
  readonly revocationList: { readonly ends: string; readonly daysLeft: number } | undefined;
}

export function certificateStates(
  credentials: Credentials | undefined,
  collector: Peer | undefined,
  nowMs: number,
): CertificateStates {
  const { own, authorities = [], crlEndsMs } = credentials ?? {};
  return {
    certificate:
      own &&
      stateOf(
        own.subject,
        [own, ...authorities].map(({ notAfter }) => Date.parse(notAfter)),
        nowMs,
      ),
    collectorCertificate:
      collector &&
      stateOf(
        collector.subject,
        [collector, ...collector.authorities].map(({ validToMs }) => validToMs),
        nowMs,
      ),
    revocationList:
      crlEndsMs === undefined
        ? undefined
        : { ends: new Date(crlEndsMs).toISOString(), daysLeft: daysUntil(crlEndsMs, nowMs) },
  };
}

/** `endsMs`: its own first. */
function stateOf(subject: string, endsMs: readonly number[], nowMs: number): CertificateState {
  const [own = 0] = endsMs;
  return {
    subject,
    notAfter: new Date(own).toISOString(),
    daysLeft: daysUntil(own, nowMs),
    chainDaysLeft: daysUntil(Math.min(...endsMs), nowMs),
  };
}

/** 0 on the last day. */
export function daysUntil(endMs: number, nowMs: number): number {
  return Math.floor((endMs - nowMs) / 86_400_000);
}
