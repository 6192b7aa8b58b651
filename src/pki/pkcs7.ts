/** The certificates of a PKCS#7 bundle (RFC 5652 SignedData without signatures), as authorities send them in `.p7b` files. */
import { X509Certificate } from 'node:crypto';
import { derOf } from './asn1/ber.js';
import { childrenOf, type Der, DerError, expect, oidOf, readDer, TAG } from './asn1/read.js';

const SIGNED_DATA = '1.2.840.113549.1.7.2';

/** In DER or BER. Throws a DerError when it is none. */
export function readPkcs7(bytes: Buffer): X509Certificate[] {
  const [type, wrapped] = childrenOf(expect(readDer(derOf(bytes)), TAG.sequence, 'ContentInfo'));
  if (oidOf(type) !== SIGNED_DATA) throw new DerError('SignedData expected');
  const signedData = expect(childrenOf(expect(wrapped, 0xa0, 'content'))[0], TAG.sequence, 'SignedData');
  const certificates: Der | undefined = childrenOf(signedData).find(({ tag }) => tag === 0xa0);
  return certificates === undefined ? [] : childrenOf(certificates).map(({ raw }) => new X509Certificate(raw));
}
