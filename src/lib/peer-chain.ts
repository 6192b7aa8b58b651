/**
 * The certificates by which the other side of a TLS connection is trusted, as
 * OpenSSL found them: its own first, then each issuer, up to an authority that we
 * trust.
 */
import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';

/**
 * Empty when none was shown. `getPeerX509Certificate` would give what was sent, in the order in which it was sent, and
 * empties the list that is read here.
 */
export function peerChain(tls: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  const seen = new Set<string>();
  let next: DetailedPeerCertificate | undefined = tls.getPeerCertificate(true);
  // A root points to itself.
  while (next?.raw !== undefined && !seen.has(next.fingerprint256)) {
    seen.add(next.fingerprint256);
    chain.push(new X509Certificate(next.raw));
    next = next.issuerCertificate;
  }
  return chain;
}
