/** Signature algorithms: object identifiers (RFC 5758, RFC 8017, RFC 8410), their names, and signing with node:crypto. */
import { type KeyObject, sign, verify } from 'node:crypto';
import { type Asn1, nothing, oid, sequence } from './asn1.js';

const NAMES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.2': 'md2WithRSAEncryption',
  '1.2.840.113549.1.1.4': 'md5WithRSAEncryption',
  '1.2.840.113549.1.1.5': 'sha1WithRSAEncryption',
  '1.2.840.113549.1.1.10': 'rsassaPss',
  '1.2.840.113549.1.1.11': 'sha256WithRSAEncryption',
  '1.2.840.113549.1.1.12': 'sha384WithRSAEncryption',
  '1.2.840.113549.1.1.13': 'sha512WithRSAEncryption',
  '1.2.840.10045.4.1': 'ecdsa-with-SHA1',
  '1.2.840.10045.4.3.2': 'ecdsa-with-SHA256',
  '1.2.840.10045.4.3.3': 'ecdsa-with-SHA384',
  '1.2.840.10045.4.3.4': 'ecdsa-with-SHA512',
  '1.3.101.112': 'ed25519',
  '1.3.101.113': 'ed448',
};
const OIDS = new Map(Object.entries(NAMES).map(([dotted, name]) => [name, dotted]));

export interface Signer {
  /** AlgorithmIdentifier. */
  readonly algorithm: Asn1;
  sign(bytes: Buffer): Buffer;
}

/** SHA-384 for P-384, SHA-256 for everything else. */
export function signerFor(key: KeyObject): Signer {
  const rsa = key.asymmetricKeyType === 'rsa';
  const hash = key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'sha384' : 'sha256';
  const name = rsa ? `${hash}WithRSAEncryption` : `ecdsa-with-${hash.toUpperCase()}`;
  const parameters = rsa ? [nothing()] : [];
  return {
    algorithm: sequence(oid(OIDS.get(name)!), ...parameters),
    sign: (bytes) => sign(hash, bytes, key),
  };
}

export function signatureName(algorithm: string): string {
  return NAMES[algorithm] ?? algorithm;
}

/** The name of a broken hash, `undefined` for a sound signature. */
export function brokenHash(signature: string): string | undefined {
  return /md2|md5|sha-?1(?!\d)/i.exec(signature)?.[0]?.toUpperCase();
}

/** False as well for an algorithm that is not verified here (RSASSA-PSS with its parameters, for one). */
export function signedBy(key: KeyObject, algorithm: string, bytes: Buffer, signature: Buffer): boolean {
  const name = signatureName(algorithm);
  const hash = /sha(?:1|256|384|512)/i.exec(name)?.[0].toLowerCase() ?? null;
  if (hash === null && !name.startsWith('ed')) return false;
  try {
    return verify(hash, bytes, key, signature);
  } catch {
    return false;
  }
}
