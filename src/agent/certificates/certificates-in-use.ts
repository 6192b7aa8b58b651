/** Our chain and revocation list as their files have them now, and the chain of the collector that we last connected to. */
import type { Peer } from '../../link/peer.js';
import type { Credentials } from '../../pki/credentials.js';
import type { DeliveryState } from '../delivery/delivery-state.js';
import type { Watched } from './certificate-watch.js';
import type { CredentialFiles } from './credential-files.js';

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
        : 'ask the authority for its next certificate, and for one of ours that it signed',
  }));
}

function listOf({ crlEndsMs }: Credentials): Watched[] {
  if (crlEndsMs === undefined) return [];
  const remedy = 'put the authority’s next list into tls.crl; of our own: openemr-audit-forwarder cert revoke';
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
