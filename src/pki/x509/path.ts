/**
 * Validates a path (RFC 5280 section 6) without OpenSSL, for two cases. It finds the words for
 * faults of which Node gives no code; and it judges where OpenSSL's verdict is not enough:
 * OpenSSL tells only the last fault that it found in a chain, so behind "not meant for
 * servers" an unknown authority or another fault may lie unseen. Here everything but the
 * extended key usage of the peer's own certificate is judged, and what cannot be judged is a
 * fault.
 */
import { X509Certificate } from 'node:crypto';
import { reasonOf } from '../../lib/errors.js';
import { namedBitsOf, readDer } from '../asn1/read.js';
import { weaknessOf } from '../files/keys.js';
import { readPem } from '../files/pem.js';
import { type CertificateFacts, certificateFacts } from '../inspect.js';
import { brokenHash } from './algorithms.js';
import { type CertificateFields, readFields } from './certificate.js';
import { buildChain, listOf, revokedBy } from './chain.js';
import { constraintFault } from './constraints.js';
import { EXTENSION } from './extensions.js';
import { type RevocationList, readRevocationList } from './revocation.js';
import { pathLengthOf } from './usages.js';

/** PEM. */
export interface Trust {
  readonly ca: string | readonly string[] | undefined;
  /** With a list of each authority of the chain. */
  readonly crl: string | readonly string[] | undefined;
}

const NETSCAPE_TYPE = '2.16.840.1.113730.1.1';
const CERTIFICATE_POLICIES = '2.5.29.32';
/** What is judged here, or (policies, when no policy is asked for) restricts nothing. */
const UNDERSTOOD: readonly string[] = [
  EXTENSION.basicConstraints,
  EXTENSION.keyUsage,
  EXTENSION.extendedKeyUsage,
  EXTENSION.subjectAltName,
  EXTENSION.nameConstraints,
  CERTIFICATE_POLICIES,
  NETSCAPE_TYPE,
];
/** Of which a server uses one, whatever the key exchange (as OpenSSL has it). */
const HANDSHAKE_USAGES = ['digitalSignature', 'keyEncipherment', 'keyAgreement'];
const SERVER_TYPE_BIT = 1;

/** `shown`: the peer's own certificate first. The fault in words, `undefined` when there is none but the peer's extended key usage. */
export function pathFault(shown: readonly X509Certificate[], trust: Trust, nowMs: number): string | undefined {
  try {
    return firstFault(shown, trust, nowMs);
  } catch (error) {
    return `it cannot be read: ${reasonOf(error)}`;
  }
}

function firstFault(shown: readonly X509Certificate[], trust: Trust, nowMs: number): string | undefined {
  const [leaf, ...others] = shown;
  if (leaf === undefined) return 'no certificate was shown';
  const anchors = blocksOf(trust.ca, 'CERTIFICATE').map((der) => new X509Certificate(der));
  const lists = blocksOf(trust.crl, 'X509 CRL').map(readRevocationList);
  // An authority may be known by an ended certificate and its successor, with one key.
  const lasting = anchors.toSorted((one, other) => Date.parse(other.validTo) - Date.parse(one.validTo));
  const { certificates, isAnchored } = buildChain(leaf, others, lasting);
  const root = certificates.at(-1)!;
  if (!isAnchored || !root.checkIssued(root)) return 'it is signed by a CA that is not in tls.ca';
  const faults = certificates.flatMap((each, depth) => {
    const facts = certificateFacts(each, nowMs);
    const fields = readFields(each);
    const found =
      timeFault(fields, nowMs) ??
      strengthFault(each, facts) ??
      extensionFault(fields) ??
      (depth === 0 ? leafFault(facts, fields) : authorityFault(each, facts, fields, depth)) ??
      revocationFault(each, certificates[depth + 1], lists, nowMs);
    return found === undefined ? [] : [`${facts.subject} ${found}`];
  });
  if (faults[0] !== undefined) return faults[0];
  const outside = constraintFault(certificates);
  if (outside !== undefined) return outside;
  // A fault that OpenSSL has found and that is not known here. To OpenSSL, "any" is no server's usage, either.
  const usages = certificates.map((each) => certificateFacts(each, nowMs).extendedKeyUsage);
  const isOfUsage = usages.some((each) => each.length > 0 && !each.includes('serverAuth'));
  return isOfUsage ? undefined : 'its extended key usage is not what is wrong with it';
}

function timeFault({ notBefore, notAfter }: CertificateFields, nowMs: number): string | undefined {
  if (notBefore.getTime() > nowMs) return `is not valid before ${notBefore.toISOString()}`;
  return notAfter.getTime() < nowMs ? `expired on ${notAfter.toISOString()}` : undefined;
}

function strengthFault(certificate: X509Certificate, { selfSigned, signature }: CertificateFacts): string | undefined {
  const hash = selfSigned ? undefined : brokenHash(signature);
  if (hash !== undefined) return `is signed with a digest algorithm too weak: ${hash}`;
  const weakness = weaknessOf(certificate.publicKey);
  return weakness && `has a key too weak: ${weakness}`;
}

function extensionFault({ extensions }: CertificateFields): string | undefined {
  const unknown = extensions.find(({ type, critical }) => critical && !UNDERSTOOD.includes(type));
  return unknown && `has a critical extension that is not understood (${unknown.type})`;
}

function leafFault({ keyUsage }: CertificateFacts, fields: CertificateFields): string | undefined {
  if (keyUsage.length > 0 && !keyUsage.some((usage) => HANDSHAKE_USAGES.includes(usage))) {
    return `has a key that takes part in no handshake (key usage ${keyUsage.join(', ')})`;
  }
  const type = fields.extensions.find((each) => each.type === NETSCAPE_TYPE);
  if (type !== undefined && !namedBitsOf(readDer(type.value)).includes(SERVER_TYPE_BIT)) {
    return 'is not meant for servers by its Netscape type';
  }
  return undefined;
}

/** What an authority says of its own usage binds what it issues: that is no fault of the peer's certificate alone. */
function authorityFault(
  certificate: X509Certificate,
  { authority, extendedKeyUsage, keyUsage }: CertificateFacts,
  fields: CertificateFields,
  depth: number,
): string | undefined {
  if (!authority || !certificate.ca) return 'has signed the next one and is no authority';
  if (keyUsage.length > 0 && !keyUsage.includes('keyCertSign')) return 'may not sign certificates (key usage)';
  if (extendedKeyUsage.length > 0 && !extendedKeyUsage.some((usage) => ['serverAuth', 'any'].includes(usage))) {
    return `may not issue for servers (its own extended key usage is ${extendedKeyUsage.join(', ')})`;
  }
  const most = pathLengthOf(fields);
  const between = depth - 1;
  return most !== undefined && between > most ? `may have ${most} authorities below it, and has ${between}` : undefined;
}

function revocationFault(
  certificate: X509Certificate,
  issuer: X509Certificate | undefined,
  lists: readonly RevocationList[],
  nowMs: number,
): string | undefined {
  if (lists.length === 0 || issuer === undefined) return undefined;
  const found = listOf(issuer, lists, nowMs);
  if (revokedBy(certificate, found) !== undefined) return 'was revoked (tls.crl)';
  if (found.state !== 'current' || found.list.thisUpdate.getTime() > nowMs) {
    return 'is of an authority without a current revocation list in tls.crl';
  }
  return undefined;
}

function blocksOf(texts: string | readonly string[] | undefined, label: string): Buffer[] {
  return [texts ?? []]
    .flat()
    .flatMap((text) => readPem(text))
    .filter((block) => block.label === label)
    .map(({ der }) => der);
}
