/** Writes certificates as DER (RFC 5280 section 4.1), and reads the fields that node:crypto does not show. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { bitsOf, childrenOf, type Der, expect, numberOf, oidOf, readDer, TAG, timeOf } from '../asn1/read.js';
import { type Asn1, bits, encode, finished, integer, sequence, tagged, time } from '../asn1/write.js';
import { publicBytes } from '../files/keys.js';
import { signerFor } from './algorithms.js';
import { extensions } from './extensions.js';

export interface CertificateContent {
  /** Big-endian, positive, at most 20 octets. */
  readonly serial: Buffer;
  /** The issuer's subject byte for byte, so that both compare equal everywhere. */
  readonly issuer: Asn1 | Buffer;
  readonly subject: Asn1 | Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeyObject;
  readonly extensions: readonly (Asn1 | Buffer)[];
}

/** Signed with `key`; what comes back has been read by OpenSSL. */
export function signCertificate(content: CertificateContent, key: KeyObject): X509Certificate {
  const signer = signerFor(key);
  const version3 = tagged(0, integer(2));
  const toBeSigned = sequence(
    version3,
    integer(content.serial),
    signer.algorithm,
    either(content.issuer),
    sequence(time(content.notBefore), time(content.notAfter)),
    either(content.subject),
    finished(publicBytes(content.publicKey)),
    tagged(3, extensions(content.extensions)),
  );
  return new X509Certificate(encode(sealed(toBeSigned, key)));
}

/** `SEQUENCE { toBeSigned, algorithm, signature }`: the outer form of certificates, requests and revocation lists. */
export function sealed(toBeSigned: Asn1, key: KeyObject): Asn1 {
  const signer = signerFor(key);
  return sequence(toBeSigned, signer.algorithm, bits(signer.sign(encode(toBeSigned))));
}

export interface Sealed {
  readonly toBeSigned: Der;
  /** Object identifier. */
  readonly algorithm: string;
  readonly signature: Buffer;
}

export function readSealed(der: Buffer): Sealed {
  const [toBeSigned, algorithm, signature] = childrenOf(expect(readDer(der), TAG.sequence, 'signed sequence'));
  return {
    toBeSigned: expect(toBeSigned, TAG.sequence, 'to-be-signed sequence'),
    algorithm: oidOf(childrenOf(expect(algorithm, TAG.sequence, 'algorithm'))[0]),
    signature: bitsOf(signature),
  };
}

export interface Extension {
  readonly type: string;
  readonly critical: boolean;
  /** DER of the value. */
  readonly value: Buffer;
  /** DER of the whole extension. */
  readonly raw: Buffer;
}

export interface CertificateFields {
  readonly version: number;
  readonly serial: Buffer;
  /** Object identifier of the signature's algorithm. */
  readonly algorithm: string;
  readonly issuer: Der;
  readonly subject: Der;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly Extension[];
}

/** Of a certificate that OpenSSL has taken already, so its structure is known to be sound. */
export function readFields(certificate: X509Certificate): CertificateFields {
  const { toBeSigned, algorithm } = readSealed(certificate.raw);
  const children = childrenOf(toBeSigned);
  const version = children[0]?.tag === 0xa0 ? numberOf(childrenOf(children.shift()!)[0]) + 1 : 1;
  const [serial, , issuer, validity, subject] = children;
  const [notBefore, notAfter] = childrenOf(expect(validity, TAG.sequence, 'validity'));
  const list = children.find(({ tag }) => tag === 0xa3);
  return {
    version,
    serial: expect(serial, TAG.integer, 'serial number').content,
    algorithm,
    issuer: expect(issuer, TAG.sequence, 'issuer'),
    subject: expect(subject, TAG.sequence, 'subject'),
    notBefore: timeOf(notBefore),
    notAfter: timeOf(notAfter),
    extensions: list ? readExtensions(childrenOf(list)[0]) : [],
  };
}

export function readExtensions(list: Der | undefined): Extension[] {
  return childrenOf(expect(list, TAG.sequence, 'extensions')).map((each) => {
    const parts = childrenOf(each);
    const value = expect(parts.at(-1), TAG.octets, 'extension value');
    const critical = parts.length === 3 && parts[1]?.content[0] !== 0;
    return { type: oidOf(parts[0]), critical, value: value.content, raw: each.raw };
  });
}

function either(value: Asn1 | Buffer): Asn1 {
  return Buffer.isBuffer(value) ? finished(value) : value;
}
