/** Makes a certificate authority of our own, and what it signs (profile of RFC 5280; strengths of RFC 9325). */
import { type KeyObject, randomBytes, type X509Certificate } from 'node:crypto';
import { AgentError } from '../../lib/errors.js';
import { readDer } from '../asn1/read.js';
import { DEFAULT_KEY, type KeyChoice, makeKeyPair, samePublicKey } from '../files/keys.js';
import { readFields, signCertificate } from './certificate.js';
import {
  type AlternativeNames,
  authorityKeyIdentifier,
  basicConstraints,
  EXTENSION,
  extendedKeyUsage,
  keyIdentifier,
  keyUsage,
  leafKeyUsage,
  type Purposes,
  subjectAltName,
  subjectKeyIdentifier,
} from './extensions.js';
import { type DistinguishedName, nameToAsn1 } from './name.js';

export interface Authority {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/** A certificate with the key that belongs to it. */
export interface Leaf {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/** A leaf of 397 days passes even the checks written for the public web. */
export const LEAF_DAYS = 397;
export const AUTHORITY_DAYS = 3652;

const DAY_MS = 86_400_000;
/** A collector whose clock is a little behind must not refuse what was made a minute ago. */
const BACKDATE_MS = 5 * 60_000;

export interface AuthorityOptions {
  readonly subject: DistinguishedName;
  readonly nowMs: number;
  readonly key?: KeyChoice;
  readonly days?: number;
}

/** Self-signed, path length 0: it signs leaves and revocation lists, no further authorities. */
export async function createAuthority(options: AuthorityOptions): Promise<Authority> {
  const pair = await makeKeyPair(options.key ?? DEFAULT_KEY);
  const name = nameToAsn1(options.subject);
  const identifier = keyIdentifier(pair.publicKey);
  const certificate = signCertificate(
    {
      serial: randomSerial(),
      issuer: name,
      subject: name,
      ...validity(options.nowMs, options.days ?? AUTHORITY_DAYS),
      publicKey: pair.publicKey,
      extensions: [
        basicConstraints(true, 0),
        keyUsage('keyCertSign', 'cRLSign'),
        subjectKeyIdentifier(identifier),
        authorityKeyIdentifier(identifier),
      ],
    },
    pair.privateKey,
  );
  return { certificate, key: pair.privateKey };
}

export interface LeafOptions {
  /** `self`: signed by its own key, for collectors that know it by fingerprint (RFC 5425 section 4.2.1). */
  readonly authority: Authority | 'self';
  readonly subject: DistinguishedName;
  readonly names: AlternativeNames;
  readonly purposes: Purposes;
  readonly nowMs: number;
  readonly days?: number;
  /** Random when left out, which is what it should be. */
  readonly serial?: Buffer;
}

/** Makes the key pair and issues its certificate. */
export async function createLeaf(options: LeafOptions & { readonly key?: KeyChoice }): Promise<Leaf> {
  const pair = await makeKeyPair(options.key ?? DEFAULT_KEY);
  const authority = options.authority === 'self' ? pair.privateKey : options.authority;
  return { certificate: issue(options, pair.publicKey, authority), key: pair.privateKey };
}

/** A certificate for a public key that was made elsewhere, or before. */
export function issueLeaf(
  options: LeafOptions & { readonly authority: Authority },
  publicKey: KeyObject,
): X509Certificate {
  return issue(options, publicKey, options.authority);
}

/** 159 random bits: positive in 20 octets, the most there may be, and never the same twice (RFC 5280 section 4.1.2.2). */
export function randomSerial(): Buffer {
  const serial = randomBytes(20);
  serial[0] = serial[0]! & 0x7f;
  return serial;
}

/** From a little before now; a leaf is not valid for longer than its authority. */
export function validity(nowMs: number, days: number, notLaterThan?: Date): { notBefore: Date; notAfter: Date } {
  const secondMs = Math.floor(nowMs / 1000) * 1000;
  const wanted = secondMs + days * DAY_MS;
  return {
    notBefore: new Date(secondMs - BACKDATE_MS),
    notAfter: new Date(Math.min(wanted, notLaterThan?.getTime() ?? wanted)),
  };
}

/** What the authority's certificate calls its key; an old one without the extension is asked for the key itself. */
export function authorityIdentifier(certificate: X509Certificate): Buffer {
  const own = readFields(certificate).extensions.find(({ type }) => type === EXTENSION.subjectKeyIdentifier);
  return own ? readDer(own.value).content : keyIdentifier(certificate.publicKey);
}

function issue(options: LeafOptions, publicKey: KeyObject, signer: Authority | KeyObject): X509Certificate {
  const subject = nameToAsn1(options.subject);
  const own = keyIdentifier(publicKey);
  const by = 'certificate' in signer ? signer : undefined;
  if (by) checkAuthority(by, options.nowMs);
  return signCertificate(
    {
      serial: options.serial ?? randomSerial(),
      issuer: by ? readFields(by.certificate).subject.raw : subject,
      subject,
      ...validity(options.nowMs, options.days ?? LEAF_DAYS, by && readFields(by.certificate).notAfter),
      publicKey,
      extensions: [
        basicConstraints(false),
        leafKeyUsage(publicKey),
        extendedKeyUsage(options.purposes),
        subjectAltName(options.names),
        subjectKeyIdentifier(own),
        authorityKeyIdentifier(by ? authorityIdentifier(by.certificate) : own),
      ],
    },
    by ? by.key : (signer as KeyObject),
  );
}

function checkAuthority({ certificate, key }: Authority, nowMs: number): void {
  if (!certificate.ca) {
    throw new AgentError('not-an-authority', 'the certificate given by --ca is not that of a CA', {
      hint: 'give --ca the file that "cert ca" or "cert init" made, cacert.pem',
    });
  }
  if (!samePublicKey(certificate.publicKey, key)) {
    throw new AgentError('authority-key', "the CA's key does not belong to its certificate", {
      hint: 'give --ca and --ca-key the two files that were made together',
    });
  }
  const { notAfter } = readFields(certificate);
  if (notAfter.getTime() <= nowMs) {
    throw new AgentError('authority-expired', `the CA's certificate expired on ${notAfter.toISOString()}`, {
      hint: 'make a new CA (cert ca) and give its certificate to both sides',
    });
  }
}
