/** Builds the chain from a certificate to an authority (RFC 5280 section 6), and says what revocation lists say of it. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { readFields } from './certificate.js';
import { type RevocationList, type Revoked, serialText } from './revocation.js';

export interface Chain {
  /** Leaf first, then each one's issuer as far as known. */
  readonly certificates: readonly [X509Certificate, ...X509Certificate[]];
  /** The last one is trusted. */
  readonly isAnchored: boolean;
}

/** Between a certificate and its root, as `openssl s_server -verify 10` of the recipe of 2010 allowed. */
export const MOST_INTERMEDIATES = 10;

/** How many authorities lie between the first certificate and its root. */
export function intermediatesIn({ length }: readonly X509Certificate[]): number {
  return Math.max(0, length - 2);
}

/** What is sent: who does not have the root will not trust it for being sent. */
export function withoutRoot(chain: readonly X509Certificate[]): X509Certificate[] {
  return chain.filter((each, depth) => depth === 0 || !each.checkIssued(each));
}

/** OpenSSL's own limit; a chain that is too long is built all the same, so that it can be named. */
const MOST = 100;

/** Issuers are found by name and signature, whatever order they lie in; trusted ones first. */
export function buildChain(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
): Chain {
  const certificates: [X509Certificate, ...X509Certificate[]] = [leaf];
  while (certificates.length <= MOST) {
    const last = certificates.at(-1)!;
    if (anchors.some((anchor) => anchor.raw.equals(last.raw))) return { certificates, isAnchored: true };
    const isNew = (candidate: X509Certificate) => !certificates.some((each) => each.raw.equals(candidate.raw));
    const issuer = [...anchors, ...intermediates].find((candidate) => isNew(candidate) && issued(candidate, last));
    if (issuer === undefined) break;
    certificates.push(issuer);
  }
  return { certificates, isAnchored: false };
}

/** By name, key identifier and key usage, which OpenSSL compares, and by the signature itself. */
export function issued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/**
 * The authorities of `anchors` in an order in which OpenSSL finds the one that signed: among several of one name, to which
 * nothing else leads (no key identifier), it takes the first and looks no further.
 */
export function signersFirst(
  chain: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
): readonly X509Certificate[] {
  const signed = (anchor: X509Certificate) => chain.some((each) => issued(anchor, each));
  return [...anchors.filter(signed), ...anchors.filter((anchor) => !signed(anchor))];
}

/** `ca` in that order, PEM each; `undefined` when it is in it already. */
export function reordered(
  chain: readonly X509Certificate[],
  ca: string | readonly string[] | undefined,
): readonly string[] | undefined {
  const texts = [ca ?? []].flat();
  const anchors = texts.map((text) => new X509Certificate(text));
  const order = signersFirst(chain, anchors).map((each) => texts[anchors.indexOf(each)]!);
  return order.every((each, at) => each === texts[at]) ? undefined : order;
}

/** The certificate of one of these keys; without one, the one that is nobody's issuer: the leaf, wherever it lies in its file. */
export function leafOf(
  certificates: readonly X509Certificate[],
  keys: readonly KeyObject[] = [],
): X509Certificate | undefined {
  const own = certificates.find((each) => keys.some((key) => each.checkPrivateKey(key)));
  if (own !== undefined) return own;
  const others = (one: X509Certificate) => certificates.filter((other) => !other.raw.equals(one.raw));
  const leaves = certificates.filter((one) => !others(one).some((other) => issued(one, other)));
  return leaves.find(({ ca }) => !ca) ?? leaves[0];
}

export type ListState =
  | { readonly state: 'current'; readonly list: RevocationList }
  | { readonly state: 'no-list' }
  | { readonly state: 'list-forged' }
  | { readonly state: 'list-expired'; readonly list: RevocationList; readonly since: Date };

/** The newest list of this issuer. OpenSSL refuses every chain for which one is missing or has ended. */
export function listOf(issuer: X509Certificate, lists: readonly RevocationList[], nowMs: number): ListState {
  const name = readFields(issuer).subject.raw;
  const own = lists.filter((list) => list.issuer.raw.equals(name));
  const list = own.toSorted((one, other) => other.thisUpdate.getTime() - one.thisUpdate.getTime())[0];
  if (list === undefined) return { state: 'no-list' };
  if (!list.signedBy(issuer.publicKey)) return { state: 'list-forged' };
  const until = list.nextUpdate;
  return until && until.getTime() <= nowMs ? { state: 'list-expired', list, since: until } : { state: 'current', list };
}

/** The entry of a certificate that its issuer has revoked; a list that has ended still says so. */
export function revokedBy(certificate: X509Certificate, found: ListState): Revoked | undefined {
  if (!('list' in found)) return undefined;
  const serial = serialText(readFields(certificate).serial);
  return found.list.revoked.find((each) => each.serial === serial);
}
