/** Writes and reads certificate requests, PKCS#10 (RFC 2986). */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { childrenOf, type Der, expect, oidOf, TAG } from '../asn1/read.js';
import { encode, finished, integer, oid, sequence, set, tagged } from '../asn1/write.js';
import { type KeyPair, publicBytes } from '../files/keys.js';
import { signedBy } from './algorithms.js';
import { type Extension, readExtensions, readSealed, sealed } from './certificate.js';
import {
  type AlternativeNames,
  basicConstraints,
  extendedKeyUsage,
  extensions,
  leafKeyUsage,
  type Purposes,
  subjectAltName,
} from './extensions.js';
import { type DistinguishedName, nameFromDer, nameToAsn1 } from './name.js';
import { usagesOf } from './usages.js';

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';

export interface RequestOptions {
  readonly subject: DistinguishedName;
  readonly names: AlternativeNames;
  readonly purposes: Purposes;
  readonly pair: KeyPair;
}

export interface Request {
  readonly der: Buffer;
  readonly subject: DistinguishedName;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Extension[];
  /** Object identifier. */
  readonly algorithm: string;
  /** The requester holds the key: it has signed the request. */
  readonly isGenuine: boolean;
}

export function createRequest({ subject, names, purposes, pair }: RequestOptions): Buffer {
  const wanted = extensions([
    basicConstraints(false),
    leafKeyUsage(pair.publicKey),
    extendedKeyUsage(purposes),
    subjectAltName(names),
  ]);
  const toBeSigned = sequence(
    integer(0),
    nameToAsn1(subject),
    finished(publicBytes(pair.publicKey)),
    tagged(0, sequence(oid(EXTENSION_REQUEST), set(wanted))),
  );
  return encode(sealed(toBeSigned, pair.privateKey));
}

/** Throws a DerError when the bytes are no request in DER, or OpenSSL's error for its key. */
export function readRequest(der: Buffer): Request {
  const { toBeSigned, algorithm, signature } = readSealed(der);
  const [version, subject, spki, attributes] = childrenOf(toBeSigned);
  expect(version, TAG.integer, 'version');
  const key = expect(spki, TAG.sequence, 'public key').raw;
  const publicKey = createPublicKey({ key, format: 'der', type: 'spki' });
  const wanted = extensionsIn(expect(attributes, 0xa0, 'attributes'));
  // What is asked of it later fails here, where the file is known.
  usagesOf(wanted);
  return {
    der,
    subject: nameFromDer(expect(subject, TAG.sequence, 'subject')),
    publicKey,
    extensions: wanted,
    algorithm,
    isGenuine: signedBy(publicKey, algorithm, toBeSigned.raw, signature),
  };
}

function extensionsIn(attributes: Der): Extension[] {
  for (const attribute of childrenOf(attributes)) {
    const [type, values] = childrenOf(attribute);
    if (oidOf(type) === EXTENSION_REQUEST) return readExtensions(childrenOf(expect(values, TAG.set, 'values'))[0]);
  }
  return [];
}
