/** Writes certificate extensions (RFC 5280 section 4.2) and checks the names that go into them. Pure. */
import { createHash, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { AgentError } from '../../lib/errors.js';
import { addressBytes } from '../../lib/ip.js';
import { bitsOf, childrenOf, readDer } from '../asn1/read.js';
import { type Asn1, boolean, finished, integer, namedBits, octets, oid, sequence, taggedBytes } from '../asn1/write.js';
import { publicBytes } from '../files/keys.js';

export const EXTENSION = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  crlReason: '2.5.29.21',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;

const PURPOSE = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const;

/** Positions in RFC 5280 section 4.2.1.3. */
export const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

/** Names that a certificate may be met under. */
export interface AlternativeNames {
  readonly dns: readonly string[];
  readonly ip: readonly string[];
  readonly email: readonly string[];
}

export interface Purposes {
  readonly client: boolean;
  readonly server: boolean;
}

export function basicConstraints(authority: boolean, pathLength?: number): Asn1 {
  const limit = pathLength === undefined ? [] : [integer(pathLength)];
  return extension(EXTENSION.basicConstraints, true, sequence(...(authority ? [boolean(true), ...limit] : [])));
}

export function keyUsage(...usages: (typeof KEY_USAGES)[number][]): Asn1 {
  return extension(EXTENSION.keyUsage, true, namedBits(usages.map((usage) => KEY_USAGES.indexOf(usage))));
}

/** RSA keys may encipher a key too: TLS_RSA suites are still mandatory to implement (RFC 9662 section 4). */
export function leafKeyUsage(key: KeyObject): Asn1 {
  return key.asymmetricKeyType === 'rsa'
    ? keyUsage('digitalSignature', 'keyEncipherment')
    : keyUsage('digitalSignature');
}

export function extendedKeyUsage({ client, server }: Purposes): Asn1 {
  const purposes = [...(server ? [PURPOSE.server] : []), ...(client ? [PURPOSE.client] : [])];
  return extension(EXTENSION.extendedKeyUsage, false, sequence(...purposes.map(oid)));
}

/** Throws an AgentError when there is no name: a certificate without one fits nobody (RFC 9525). */
export function subjectAltName({ dns, ip, email }: AlternativeNames): Asn1 {
  if (dns.length + ip.length + email.length === 0) {
    throw new AgentError('no-name', 'a certificate needs at least one name', {
      hint: 'give at least one --dns, --ip or --email',
    });
  }
  return extension(
    EXTENSION.subjectAltName,
    false,
    sequence(
      ...dns.map((name) => taggedBytes(2, name)),
      ...ip.map((address) => taggedBytes(7, addressBytes(address))),
      ...email.map((mailbox) => taggedBytes(1, mailbox)),
    ),
  );
}

/** RFC 7093 section 2 method 1: SHA-256 cut to 160 bits, so that no SHA-1 is needed on a FIPS host. */
export function keyIdentifier(key: KeyObject): Buffer {
  const bits = bitsOf(childrenOf(readDer(publicBytes(key)))[1]);
  return createHash('sha256').update(bits).digest().subarray(0, 20);
}

export function subjectKeyIdentifier(identifier: Buffer): Asn1 {
  return extension(EXTENSION.subjectKeyIdentifier, false, octets(identifier));
}

export function authorityKeyIdentifier(identifier: Buffer): Asn1 {
  return extension(EXTENSION.authorityKeyIdentifier, false, sequence(taggedBytes(0, identifier)));
}

export function extension(type: string, critical: boolean, value: Asn1): Asn1 {
  return sequence(oid(type), ...(critical ? [boolean(true)] : []), octets(value));
}

/** `Extensions`, as certificates, requests and revocation lists hold them; those already in DER byte for byte. */
export function extensions(list: readonly (Asn1 | Buffer)[]): Asn1 {
  return sequence(...list.map((each) => (Buffer.isBuffer(each) ? finished(each) : each)));
}

/** Checked names, host names as A-labels (RFC 5280 section 7.2); throws an AgentError for what no certificate can say. */
export function alternativeNames(names: Partial<AlternativeNames>): AlternativeNames {
  return {
    dns: unique((names.dns ?? []).map(hostName)),
    ip: unique((names.ip ?? []).map(address)),
    email: unique((names.email ?? []).map(mailbox)),
  };
}

/** A host name a certificate can carry, or `undefined`. */
export function asHostName(text: string): string | undefined {
  const wildcard = text.startsWith('*.') ? '*.' : '';
  const name = domainToASCII(text.slice(wildcard.length)).replace(/\.$/, '');
  const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;
  // No peer takes a wildcard below a top-level domain alone.
  const isTooWide = wildcard !== '' && !name.includes('.');
  const valid =
    !isTooWide &&
    name !== '' &&
    name.length <= 253 &&
    name.split('.').every((part) => label.test(part)) &&
    isIP(name) === 0;
  return valid ? wildcard + name : undefined;
}

function hostName(text: string): string {
  const name = asHostName(text);
  if (name !== undefined) return name;
  throw new AgentError('dns-invalid', `${JSON.stringify(text)} is not a host name that a certificate can carry`, {
    hint: isIP(text) ? `give it as an address: --ip ${text}` : 'write it like hie.example.org or *.example.org',
  });
}

function address(text: string): string {
  if (isIP(text) !== 0 && !text.includes('%')) return text;
  throw new AgentError('ip-invalid', `${JSON.stringify(text)} is not an IPv4 or IPv6 address`, {
    hint: 'write it like 192.0.2.10 or 2001:db8::10; a host name is given with --dns',
  });
}

function mailbox(text: string): string {
  if (/^[\x21-\x7e]+@[\x21-\x3f\x41-\x7e]+$/.test(text)) return text;
  throw new AgentError('email-invalid', `${JSON.stringify(text)} is not a mail address of ASCII letters`, {
    hint: 'write it like openemr@clinic.example',
  });
}

function unique(list: readonly string[]): string[] {
  return [...new Set(list)];
}
