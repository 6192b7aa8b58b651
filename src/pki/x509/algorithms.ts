/** Names signature algorithms: object identifiers (RFC 5758, RFC 8017, RFC 8410), their names, and signing with node:crypto. */
import { type KeyObject, sign, verify } from 'node:crypto';
import { AgentError } from '../../lib/errors.js';
import { type Asn1, nothing, oid, sequence } from '../asn1/write.js';

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

/** SHA-256 for RSA and P-256, SHA-384 for P-384, SHA-512 for P-521. Throws an AgentError for keys of other kinds. */
export function signerFor(key: KeyObject): Signer {
  const name = signatureFor(key);
  const parameters = key.asymmetricKeyType === 'rsa' ? [nothing()] : [];
  return {
    algorithm: sequence(oid(OIDS.get(name)!), ...parameters),
    sign: (bytes) => sign(hashOf(name), bytes, key),
  };
}

function signatureFor(key: KeyObject): string {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return 'sha256WithRSAEncryption';
    case 'ec':
      return `ecdsa-with-SHA${{ secp384r1: 384, secp521r1: 512 }[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? 256}`;
    case 'ed25519':
      return 'ed25519';
    default:
      throw new AgentError('key-kind', `a key of the kind ${key.asymmetricKeyType} cannot sign certificates here`, {
        hint: 'use an RSA key, or one on the curve P-256 or P-384',
      });
  }
}

/** As node:crypto names it; null for EdDSA, which has none of its own choosing. */
function hashOf(name: string): string | null {
  return /sha(?:1|256|384|512)/i.exec(name)?.[0].toLowerCase() ?? null;
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
  const hash = hashOf(name);
  if (hash === null && !name.startsWith('ed')) return false;
  try {
    return verify(hash, bytes, key, signature);
  } catch {
    return false;
  }
}
