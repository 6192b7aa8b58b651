/**
 * Watches for certificates that expire: our chain and the collector's are looked at
 * every hour. From 60 days before its end a certificate is a problem, logged when
 * 60, 30, 14, 7 and 1 days are left and when it has expired; so is the revocation
 * list, from its last day on.
 */
import type { DeliveryState } from '../../delivery/state.js';
import type { Context } from '../../lib/context.js';
import type { Problem } from '../../lib/problems.js';
import type { Peer } from '../../link/peer.js';
import type { Credentials } from '../../pki/files/credentials.js';
import type { CredentialFiles } from './credential-files.js';

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

const EVERY_MS = 60 * 60_000;
const MARKS = { certificate: [60, 30, 14, 7, 1, 0], 'revocation-list': [1, 0] } as const;
const SENTENCES = {
  certificate: { soon: 'A certificate expires soon', ended: 'A certificate has expired' },
  'revocation-list': {
    soon: 'The revocation list expires soon; then every collector is refused',
    ended: 'The revocation list has expired: every collector is refused',
  },
} as const;

/** Until `stop`. `present` looks at the files again and says what is in use. */
export async function watchCertificates(
  present: () => Promise<readonly Watched[]>,
  { clock, problems }: Pick<Context, 'clock' | 'problems'>,
  stop: AbortSignal,
): Promise<void> {
  let marks = new Map<string, number>();
  while (!stop.aborted) {
    const found = new Map<string, number>();
    for (const watched of await present()) {
      const daysLeft = daysUntil(watched.validToMs, clock.nowMs());
      const mark = warningMark(daysLeft, MARKS[watched.kind]);
      if (mark === undefined) continue;
      const key = keyOf(watched.fingerprint);
      found.set(key, mark);
      problems.raise(expiring(watched, key, daysLeft, mark === marks.get(key)));
    }
    // Renewed, or not in use any more.
    for (const key of marks.keys()) if (!found.has(key)) problems.clear(key);
    marks = found;
    await clock.sleep(EVERY_MS, stop);
  }
}

function keyOf(fingerprint: string): string {
  return `certificate-expiry ${fingerprint}`;
}

function expiring(
  { kind, whose, validToMs, remedy }: Watched,
  key: string,
  daysLeft: number,
  isLogged: boolean,
): Problem {
  const { soon, ended } = SENTENCES[kind];
  const facts = { whose, until: new Date(validToMs).toISOString() };
  const repeatMs = isLogged ? Number.POSITIVE_INFINITY : 0;
  return daysLeft < 0
    ? { key, level: 'error', message: ended, facts, remedy, repeatMs }
    : { key, message: soon, facts: { ...facts, daysLeft }, remedy, repeatMs };
}

/** The lowest mark that `daysLeft` has come down to: 45 days left is the warning of 60. */
export function warningMark(daysLeft: number, marks: readonly number[] = MARKS.certificate): number | undefined {
  if (daysLeft < 0) return -1;
  return marks.findLast((days) => daysLeft <= days);
}

/** Our chain and revocation list as their files have them now, and the chain of the collector that we last connected to. */
export interface InUse {
  readonly credentials: Pick<CredentialFiles, 'reload' | 'present'>;
  readonly forward: { readonly state: Pick<DeliveryState, 'lastPeer'> };
}

export async function certificatesInUse({ credentials, forward }: InUse): Promise<readonly Watched[]> {
  await credentials.reload();
  const { present } = credentials;
  const { lastPeer } = forward.state;
  return [
    ...(present === undefined ? [] : [...ours(present), ...listOf(present)]),
    ...(lastPeer === undefined ? [] : theirs(lastPeer)),
  ];
}

function ours({ own, authorities }: Credentials): Watched[] {
  if (own === undefined) return [];
  return [own, ...authorities].map(({ subject, sha256, notAfter }, depth) => ({
    kind: 'certificate',
    whose: depth === 0 ? 'ours' : `our authority ${subject}`,
    fingerprint: sha256,
    validToMs: Date.parse(notAfter),
    remedy:
      depth === 0
        ? 'renew it: openemr-audit-forwarder cert renew --help'
        : 'get the CA’s next certificate, and one of ours that is signed by it',
  }));
}

function listOf({ crlEndsMs }: Credentials): Watched[] {
  if (crlEndsMs === undefined) return [];
  const remedy = 'put the CA’s next list into tls.crl; for your own CA run: openemr-audit-forwarder cert revoke';
  return [
    { kind: 'revocation-list', whose: 'tls.crl', fingerprint: `tls.crl ${crlEndsMs}`, validToMs: crlEndsMs, remedy },
  ];
}

function theirs(peer: Peer): Watched[] {
  const collector = `${peer.host}:${peer.port}`;
  return [peer, ...peer.authorities].map(({ subject, fingerprint, validToMs }, depth) => ({
    kind: 'certificate',
    whose: depth === 0 ? collector : `${collector}, its authority ${subject}`,
    fingerprint,
    validToMs,
    remedy: 'tell the collector’s operator',
  }));
}

/** How long the certificates in use, theirs and ours, and the revocation list still last. Pure. */
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
