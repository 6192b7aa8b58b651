/** Certificates that no sound authority issues: every field as the test wants it, on the curve P-256. */
import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { boolean, integer, namedBits, oid, sequence, tagged, taggedBytes } from '../../src/pki/asn1/write.js';
import { makeKeyPair } from '../../src/pki/files/keys.js';
import { type Authority, authorityIdentifier, randomSerial } from '../../src/pki/x509/authority.js';
import { readFields, signCertificate } from '../../src/pki/x509/certificate.js';
import {
  authorityKeyIdentifier,
  EXTENSION,
  extension,
  KEY_USAGES,
  keyIdentifier,
  subjectKeyIdentifier,
} from '../../src/pki/x509/extensions.js';
import { nameToAsn1, parseName } from '../../src/pki/x509/name.js';

const DAY_MS = 86_400_000;

const PURPOSES = {
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
  email: '1.3.6.1.5.5.7.3.4',
  any: '2.5.29.37.0',
} as const;

export type Purpose = keyof typeof PURPOSES;

export interface Craft {
  /** The common name, of `/C=US/CN=name`. */
  readonly name: string;
  readonly subject?: string;
  /** Has the key of this one. */
  readonly keyOf?: Pick<Crafted, 'key'>;
  /** `undefined`: signs itself. */
  readonly issuer?: Authority | undefined;
  /** `undefined`: no basic constraints at all. */
  readonly authority?: boolean | undefined;
  readonly pathLength?: number;
  readonly dns?: readonly string[];
  readonly keyUsage?: readonly (typeof KEY_USAGES)[number][];
  readonly purposes?: readonly Purpose[];
  /** Days from now. */
  readonly from?: number;
  readonly until?: number;
  readonly extensions?: readonly ReturnType<typeof extension>[];
  /** Without key identifiers: only the signature tells which key of its issuer signed. */
  readonly isBare?: boolean;
  /** Of the issuer's name and not of its key: a forged signature. */
  readonly forged?: boolean;
}

export interface Crafted extends Authority {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

export async function craft(options: Craft): Promise<Crafted> {
  const privateKey = options.keyOf?.key ?? (await makeKeyPair('p-256')).privateKey;
  const pair = { privateKey, publicKey: createPublicKey(privateKey) };
  const identifier = keyIdentifier(pair.publicKey);
  const subject = nameToAsn1(parseName(options.subject ?? `/C=US/CN=${options.name}`));
  const { issuer, forged, from = -1, until = 300 } = options;
  const certificate = signCertificate(
    {
      serial: randomSerial(),
      issuer: issuer ? readFields(issuer.certificate).subject.raw : subject,
      subject,
      notBefore: daysFromNow(from),
      notAfter: daysFromNow(until),
      publicKey: pair.publicKey,
      extensions: [
        ...constraintsOf(options),
        ...usagesOf(options),
        ...(options.isBare
          ? []
          : [
              subjectKeyIdentifier(identifier),
              authorityKeyIdentifier(issuer ? authorityIdentifier(issuer.certificate) : identifier),
            ]),
        ...namesOf(options),
        ...(options.extensions ?? []),
      ],
    },
    forged || issuer === undefined ? pair.privateKey : issuer.key,
  );
  return { certificate, key: pair.privateKey };
}

/** Of a type that nobody knows. */
export function unknownCritical() {
  return extension('1.3.6.1.4.1.32473.99', true, boolean(true));
}

/** Permits names below `domain` only (RFC 5280 section 4.2.1.10). */
export function nameConstraints(domain: string) {
  const subtree = sequence(taggedBytes(2, domain));
  return extension('2.5.29.30', true, sequence(tagged(0, subtree)));
}

/** Netscape's type of 1996, with the bit of clients or of servers. */
export function netscapeType(side: 'client' | 'server') {
  return extension('2.16.840.1.113730.1.1', false, namedBits([side === 'client' ? 0 : 1]));
}

function constraintsOf({ authority, pathLength }: Craft) {
  if (authority === undefined) return [];
  const limit = pathLength === undefined ? [] : [integer(pathLength)];
  return [extension(EXTENSION.basicConstraints, true, sequence(...(authority ? [boolean(true), ...limit] : [])))];
}

function usagesOf({ keyUsage = [], purposes = [] }: Craft) {
  return [
    ...(keyUsage.length === 0
      ? []
      : [extension(EXTENSION.keyUsage, true, namedBits(keyUsage.map((usage) => KEY_USAGES.indexOf(usage))))]),
    ...(purposes.length === 0
      ? []
      : [extension(EXTENSION.extendedKeyUsage, false, sequence(...purposes.map((each) => oid(PURPOSES[each]))))]),
  ];
}

function namesOf({ dns = [] }: Craft) {
  if (dns.length === 0) return [];
  const names = dns.map((each) => taggedBytes(2, each));
  return [extension(EXTENSION.subjectAltName, false, sequence(...names))];
}

function daysFromNow(days: number): Date {
  return new Date(Math.floor((Date.now() + days * DAY_MS) / 1000) * 1000);
}
