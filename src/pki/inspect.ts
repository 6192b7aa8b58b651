/** Describes certificates, requests, keys and revocation lists, in words and for programs. */
import { createHash, type KeyObject, type X509Certificate } from 'node:crypto';
import { type Content, readBundle } from './files/bundle.js';
import { describeKey, publicBytes, weaknessOf } from './files/keys.js';
import type { AskPassphrase } from './files/passphrase.js';
import { writePem } from './files/pem.js';
import { brokenHash, signatureName } from './x509/algorithms.js';
import { readFields } from './x509/certificate.js';
import { type DistinguishedName, formatName, formatOneLine, nameFromDer } from './x509/name.js';
import type { Request } from './x509/request.js';
import { type RevocationList, serialText } from './x509/revocation.js';
import { type Usages, usagesOf } from './x509/usages.js';

/** Fingerprints as RFC 5425 section 4.2.2 writes them: `sha-256:AB:CD…`. */
export interface Fingerprints {
  readonly sha256: string;
  readonly sha1: string;
}

export interface CertificateFacts extends Fingerprints, Usages {
  readonly kind: 'certificate';
  /** RFC 4514: `CN=openemr@localhost,C=US`. */
  readonly subject: string;
  /** `/C=US/CN=openemr@localhost`. */
  readonly subjectOneLine: string;
  readonly issuer: string;
  readonly issuerOneLine: string;
  readonly selfSigned: boolean;
  readonly version: number;
  readonly serial: string;
  readonly notBefore: string;
  readonly notAfter: string;
  /** Whole days until `notAfter`; below 0 when it has expired. */
  readonly daysLeft: number;
  readonly key: string;
  readonly signature: string;
  /** Why OpenSSL 3 or a careful peer will refuse it. */
  readonly weaknesses: readonly string[];
}

export interface RequestFacts extends Usages {
  readonly kind: 'request';
  readonly subject: string;
  readonly subjectOneLine: string;
  readonly key: string;
  readonly signature: string;
  readonly signatureValid: boolean;
}

export interface KeyFacts {
  readonly kind: 'key' | 'public-key';
  readonly key: string;
  /** SHA-256 of the public key: equal for a key and its certificate. */
  readonly publicKey: string;
}

export interface RevocationFacts {
  readonly kind: 'revocation-list';
  readonly issuer: string;
  readonly issuerOneLine: string;
  readonly number: number | undefined;
  readonly signature: string;
  readonly thisUpdate: string;
  readonly nextUpdate: string | undefined;
  readonly daysLeft: number | undefined;
  readonly revoked: readonly { readonly serial: string; readonly at: string; readonly reason: string }[];
}

export interface LockedFacts {
  readonly kind: 'locked';
  readonly what: string;
}

export type ContentFacts = CertificateFacts | RequestFacts | KeyFacts | RevocationFacts | LockedFacts;

const DAY_MS = 86_400_000;

/** Everything in the bytes, in their order. */
export async function inspect(bytes: Buffer, nowMs: number, ask?: AskPassphrase): Promise<ContentFacts[]> {
  return (await readBundle(bytes, ask)).map((content) => factsOf(content, nowMs));
}

export function factsOf(content: Content, nowMs: number): ContentFacts {
  switch (content.kind) {
    case 'certificate':
      return certificateFacts(content.certificate, nowMs);
    case 'request':
      return requestFacts(content.request);
    case 'key':
    case 'public-key':
      return { kind: content.kind, key: describeKey(content.key), publicKey: publicKeyFingerprint(content.key) };
    case 'revocation-list':
      return revocationFacts(content.list, nowMs);
    case 'locked':
      return content;
    default:
      return content satisfies never;
  }
}

export function certificateFacts(certificate: X509Certificate, nowMs: number): CertificateFacts {
  const fields = readFields(certificate);
  const subject = nameFromDer(fields.subject);
  const issuer = nameFromDer(fields.issuer);
  const signature = signatureName(fields.algorithm);
  // `checkIssued` would ask as well whether it may sign others, which a leaf need not.
  const selfSigned = fields.issuer.raw.equals(fields.subject.raw) && certificate.verify(certificate.publicKey);
  return {
    kind: 'certificate',
    ...both('subject', subject),
    ...both('issuer', issuer),
    ...usagesOf(fields.extensions),
    selfSigned,
    version: fields.version,
    serial: serialText(fields.serial),
    notBefore: isoSeconds(fields.notBefore),
    notAfter: isoSeconds(fields.notAfter),
    daysLeft: daysUntil(fields.notAfter, nowMs),
    key: describeKey(certificate.publicKey),
    signature,
    ...fingerprintsOf(certificate),
    weaknesses: weaknesses(certificate.publicKey, selfSigned ? undefined : signature, fields.version),
  };
}

export function fingerprintsOf(certificate: X509Certificate): Fingerprints {
  return { sha256: `sha-256:${certificate.fingerprint256}`, sha1: `sha-1:${certificate.fingerprint}` };
}

export function pemOf(certificate: X509Certificate): string {
  return writePem('CERTIFICATE', certificate.raw);
}

/** One behind the other, as `tls.crl` has them. */
export function pemOfLists(lists: readonly Pick<RevocationList, 'der'>[]): string {
  return lists.map(({ der }) => writePem('X509 CRL', der)).join('');
}

export function requestFacts(request: Request): RequestFacts {
  return {
    kind: 'request',
    ...both('subject', request.subject),
    ...usagesOf(request.extensions),
    key: describeKey(request.publicKey),
    signature: signatureName(request.algorithm),
    signatureValid: request.isGenuine,
  };
}

function revocationFacts(list: RevocationList, nowMs: number): RevocationFacts {
  return {
    kind: 'revocation-list',
    ...both('issuer', nameFromDer(list.issuer)),
    number: list.number,
    signature: signatureName(list.algorithm),
    thisUpdate: isoSeconds(list.thisUpdate),
    nextUpdate: list.nextUpdate && isoSeconds(list.nextUpdate),
    daysLeft: list.nextUpdate && daysUntil(list.nextUpdate, nowMs),
    revoked: list.revoked.map(({ serial, at, reason }) => ({
      serial,
      at: isoSeconds(at),
      reason: reason ?? 'unspecified',
    })),
  };
}

function weaknesses(key: KeyObject, signature: string | undefined, version: number): string[] {
  const hash = signature === undefined ? undefined : brokenHash(signature);
  const found = [
    weaknessOf(key),
    hash === undefined ? undefined : `it is signed with ${hash}, which OpenSSL 3 refuses`,
    version < 3 ? `it is of version ${version}: it cannot say names, usages or whether it is an authority` : undefined,
  ];
  return found.filter((each) => each !== undefined);
}

function both<Role extends 'subject' | 'issuer'>(role: Role, name: DistinguishedName) {
  return { [role]: formatName(name), [`${role}OneLine`]: formatOneLine(name) } as Record<
    Role | `${Role}OneLine`,
    string
  >;
}

function publicKeyFingerprint(key: KeyObject): string {
  const hex = createHash('sha256').update(publicBytes(key)).digest('hex').toUpperCase();
  return `sha-256:${hex.replaceAll(/..(?=.)/g, '$&:')}`;
}

function daysUntil(date: Date, nowMs: number): number {
  return Math.floor((date.getTime() - nowMs) / DAY_MS);
}

function isoSeconds(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}
