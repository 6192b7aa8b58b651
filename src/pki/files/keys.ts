/**
 * Makes and describes key pairs, all by node:crypto. What may be made is what the exchanges and
 * RFC 9325 section 4.5 accept: RSA of 2048 to 4096 bits, P-256 and P-384.
 */
import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { AgentError } from '../../lib/errors.js';

export type KeyChoice = 'rsa-2048' | 'rsa-3072' | 'rsa-4096' | 'p-256' | 'p-384';

export const KEY_CHOICES: readonly KeyChoice[] = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'p-256', 'p-384'];

/** ITI-19's suites for TLS 1.2 all ask for an RSA key of the collector; 3072 bits is the strength of P-256. */
export const DEFAULT_KEY: KeyChoice = 'rsa-3072';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };
const generate = promisify(generateKeyPair);

/** RSA takes from a fraction of a second to a few, off the main thread. */
export async function makeKeyPair(choice: KeyChoice): Promise<KeyPair> {
  switch (choice) {
    case 'rsa-2048':
    case 'rsa-3072':
    case 'rsa-4096':
      return generate('rsa', { modulusLength: Number(choice.slice(4)) });
    case 'p-256':
    case 'p-384':
      return generate('ec', { namedCurve: choice.toUpperCase() });
    default:
      throw new AgentError('key-choice', `no such kind of key: ${String(choice satisfies never)}`);
  }
}

/** `RSA 3072`, `EC P-256`, `Ed25519`. */
export function describeKey(key: KeyObject): string {
  const bits = key.asymmetricKeyDetails?.modulusLength;
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (bits !== undefined) return `${key.asymmetricKeyType === 'rsa' ? 'RSA' : key.asymmetricKeyType} ${bits}`;
  if (curve !== undefined) return `EC ${CURVES[curve] ?? curve}`;
  return (key.asymmetricKeyType ?? 'unknown').replace(/^ed/, 'Ed');
}

/** The choice that would make a key like this one; another kind is renewed with the default. */
export function choiceLike(key: KeyObject): KeyChoice {
  const wanted = describeKey(key).toLowerCase().replace('ec ', '').replace(' ', '-');
  return KEY_CHOICES.find((choice) => choice === wanted) ?? DEFAULT_KEY;
}

/** What OpenSSL 3 refuses at security level 2 and RFC 9325 forbids; `undefined` when the key is strong enough. */
export function weaknessOf(key: KeyObject): string | undefined {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (modulusLength !== undefined && modulusLength < 2048) {
    return `its RSA key has ${modulusLength} bits; at least 2048 are required`;
  }
  const bits = /(\d{3})/.exec(namedCurve ?? '')?.[1];
  return bits !== undefined && Number(bits) < 224 ? `its curve ${namedCurve} has fewer than 224 bits` : undefined;
}

export function samePublicKey(one: KeyObject, other: KeyObject): boolean {
  return publicBytes(one).equals(publicBytes(other));
}

/** SubjectPublicKeyInfo in DER, of a public or a private key. */
export function publicBytes(key: KeyObject): Buffer {
  return (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });
}

/** PKCS#8; with a passphrase encrypted by AES-256 (PBES2). */
export function writeKey(key: KeyObject, passphrase?: string): string {
  const encryption = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  return key.export({ type: 'pkcs8', format: 'pem', ...encryption }).toString();
}
