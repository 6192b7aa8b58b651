/** Writes the revocation list of our CA, and reads those of any (RFC 5280 section 5, version 2). */
import type { KeyObject } from 'node:crypto';
import { childrenOf, type Der, expect, numberOf, readDer, TAG, timeOf } from '../asn1/read.js';
import { type Asn1, encode, enumerated, finished, integer, sequence, tagged, time } from '../asn1/write.js';
import { signedBy, signerFor } from './algorithms.js';
import { type Authority, authorityIdentifier } from './authority.js';
import { type Extension, readExtensions, readFields, readSealed, sealed } from './certificate.js';
import { authorityKeyIdentifier, EXTENSION, extension, extensions } from './extensions.js';
import { nameFromDer } from './name.js';

/** RFC 5280 section 5.3.1; 7 is not used, 6 and 8 are for other kinds of list. */
export const REASONS: Readonly<Record<string, number>> = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
};

export interface Revoked {
  /** Upper-case hexadecimal, as node:crypto writes serial numbers. */
  readonly serial: string;
  readonly at: Date;
  readonly reason?: string | undefined;
}

export interface RevocationList {
  readonly der: Buffer;
  readonly issuer: Der;
  readonly thisUpdate: Date;
  /** A list without one never ends; ours always have it. */
  readonly nextUpdate: Date | undefined;
  readonly number: number | undefined;
  readonly revoked: readonly Revoked[];
  readonly algorithm: string;
  signedBy(key: KeyObject): boolean;
}

export interface RevocationOptions {
  readonly authority: Authority;
  readonly revoked: readonly Revoked[];
  /** Grows by one with each list. */
  readonly number: number;
  readonly nowMs: number;
  readonly days: number;
}

export function createRevocationList({ authority, revoked, number, nowMs, days }: RevocationOptions): Buffer {
  const { certificate, key } = authority;
  const thisUpdate = new Date(Math.floor(nowMs / 1000) * 1000);
  const toBeSigned = sequence(
    integer(1),
    signerFor(key).algorithm,
    finished(readFields(certificate).subject.raw),
    time(thisUpdate),
    time(new Date(thisUpdate.getTime() + days * 86_400_000)),
    // The list of revoked certificates is left out when it is empty, never an empty sequence (section 5.1.2.6).
    ...(revoked.length === 0 ? [] : [sequence(...revoked.map(entry))]),
    tagged(
      0,
      extensions([
        authorityKeyIdentifier(authorityIdentifier(certificate)),
        extension(EXTENSION.crlNumber, false, integer(number)),
      ]),
    ),
  );
  return encode(sealed(toBeSigned, key));
}

/** Throws a DerError when the bytes are no revocation list in DER. */
export function readRevocationList(der: Buffer): RevocationList {
  const { toBeSigned, algorithm, signature } = readSealed(der);
  const children = childrenOf(toBeSigned);
  if (children[0]?.tag === TAG.integer) children.shift();
  const [, issuer, thisUpdate] = children;
  const rest = children.slice(3);
  const isTime = (value: Der | undefined) => value?.tag === TAG.utcTime || value?.tag === TAG.generalizedTime;
  const nextUpdate = isTime(rest[0]) ? timeOf(rest.shift()) : undefined;
  const list = rest[0]?.tag === TAG.sequence ? childrenOf(rest.shift()!) : [];
  const own = rest[0]?.tag === 0xa0 ? readExtensions(childrenOf(rest[0])[0]) : [];
  // What is asked of it later fails here, where the file is known.
  nameFromDer(expect(issuer, TAG.sequence, 'issuer'));
  return {
    der,
    issuer: expect(issuer, TAG.sequence, 'issuer'),
    thisUpdate: timeOf(thisUpdate),
    nextUpdate,
    number: numberIn(own),
    revoked: list.map(readEntry),
    algorithm,
    signedBy: (key) => signedBy(key, algorithm, toBeSigned.raw, signature),
  };
}

function entry({ serial, at, reason }: Revoked): Asn1 {
  const code = REASONS[reason ?? ''];
  return sequence(
    integer(Buffer.from(serial.padStart(serial.length + (serial.length % 2), '0'), 'hex')),
    time(at),
    // "unspecified" is said by leaving the reason out (section 5.3.1).
    ...(code ? [extensions([extension(EXTENSION.crlReason, false, enumerated(code))])] : []),
  );
}

function readEntry(each: Der): Revoked {
  const [serial, at, details] = childrenOf(each);
  const reason = details && readExtensions(details).find(({ type }) => type === EXTENSION.crlReason);
  const code = reason && readDer(reason.value).content[0];
  return {
    serial: serialText(expect(serial, TAG.integer, 'serial number').content),
    at: timeOf(at),
    reason: Object.keys(REASONS).find((name) => REASONS[name] === code),
  };
}

function numberIn(list: readonly Extension[]): number | undefined {
  const found = list.find(({ type }) => type === EXTENSION.crlNumber);
  return found && numberOf(readDer(found.value));
}

/** As `X509Certificate.serialNumber` has it: upper case, no sign octet. */
export function serialText(content: Buffer): string {
  return content
    .toString('hex')
    .toUpperCase()
    .replace(/^(00)+(?=..)/, '');
}
