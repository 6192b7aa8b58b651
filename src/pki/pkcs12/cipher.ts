/**
 * What keys and PKCS#12 files are encrypted with: PBES2 (RFC 8018) of AES-CBC with PBKDF2, the
 * MAC of PKCS#12 with its own key derivation (RFC 7292), and the names of all the others.
 */
import { createCipheriv, createDecipheriv, createHmac, hash, pbkdf2, randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { childrenOf, type Der, DerError, expect, numberOf, oidOf, TAG } from '../asn1/read.js';
import { type Asn1, integer, nothing, octets, oid, sequence } from '../asn1/write.js';
import { ContentFault } from '../files/faults.js';

/** A guess costs an attacker this many hashes; opening it, us a fraction of a second. */
const ROUNDS = 100_000;
/** A file from elsewhere must not keep us computing: this is a second. Ten times what today's programs write. */
const MOST_ROUNDS = 1_000_000;
/** N × r × p of scrypt; OpenSSL writes 131,072. */
const MOST_SCRYPT = 4_194_304;

const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
const SCRYPT = '1.3.6.1.4.1.11591.4.11';
const PRF: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};
const CIPHERS: Readonly<Record<string, { readonly name: string; readonly keyBytes: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyBytes: 32 },
};
const HASHES: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
/** Those that are no longer in use, or not in PKCS#12. */
const OTHERS: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.5.1': 'MD2 and DES',
  '1.2.840.113549.1.5.3': 'MD5 and DES',
  '1.2.840.113549.1.5.4': 'MD2 and RC2',
  '1.2.840.113549.1.5.6': 'MD5 and RC2',
  '1.2.840.113549.1.5.10': 'SHA-1 and DES',
  '1.2.840.113549.1.5.11': 'SHA-1 and RC2',
  '1.2.840.113549.1.12.1.1': 'SHA-1 and RC4 (128 bits)',
  '1.2.840.113549.1.12.1.2': 'SHA-1 and RC4 (40 bits)',
  '1.2.840.113549.1.12.1.3': 'SHA-1 and 3DES',
  '1.2.840.113549.1.12.1.4': 'SHA-1 and 3DES (two keys)',
  '1.2.840.113549.1.12.1.5': 'SHA-1 and RC2 (128 bits)',
  '1.2.840.113549.1.12.1.6': 'SHA-1 and RC2 (40 bits)',
  '1.3.14.3.2.7': 'DES',
  '1.2.840.113549.3.2': 'RC2',
  '1.2.840.113549.3.7': '3DES',
  '1.3.6.1.4.1.3029.1.2': 'Blowfish',
  [SCRYPT]: 'scrypt',
};
const HMAC_SHA256 = '1.2.840.113549.2.9';
const AES_256_CBC = '2.16.840.1.101.3.4.1.42';
const SHA256 = '2.16.840.1.101.3.4.2.1';

const derive = promisify(pbkdf2);

export interface Locked {
  /** AlgorithmIdentifier. */
  readonly algorithm: Asn1;
  readonly bytes: Buffer;
}

/** AES-256-CBC, PBKDF2 with HMAC-SHA-256. */
export async function lock(plain: Buffer, passphrase: string, rounds = ROUNDS): Promise<Locked> {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const key = await derive(passphrase, salt, rounds, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const parameters = sequence(octets(salt), integer(rounds), integer(32), sequence(oid(HMAC_SHA256), nothing()));
  return {
    algorithm: sequence(
      oid(PBES2),
      sequence(sequence(oid(PBKDF2), parameters), sequence(oid(AES_256_CBC), octets(iv))),
    ),
    bytes: Buffer.concat([cipher.update(plain), cipher.final()]),
  };
}

/** Throws a ContentFault for the algorithms of before 2020, which OpenSSL 3 has put away, and for too many rounds. */
export async function unlock(algorithm: Der, bytes: Buffer, passphrase: string): Promise<Buffer> {
  const [scheme, parameters] = childrenOf(algorithm);
  if (oidOf(scheme) !== PBES2) throw outdated(algorithm);
  const [derivation, encryption] = childrenOf(expect(parameters, TAG.sequence, 'PBES2 parameters')).map(childrenOf);
  const cipher = CIPHERS[oidOf(encryption?.[0])];
  if (oidOf(derivation?.[0]) !== PBKDF2 || cipher === undefined) throw outdated(algorithm);
  const [salt, rounds, ...rest] = childrenOf(expect(derivation?.[1], TAG.sequence, 'PBKDF2 parameters'));
  const prf = rest.find(({ tag }) => tag === TAG.sequence);
  const name = prf === undefined ? 'sha1' : PRF[oidOf(childrenOf(prf)[0])];
  if (name === undefined) throw outdated(algorithm);
  const key = await derive(passphrase, expect(salt, TAG.octets, 'salt').content, few(rounds), cipher.keyBytes, name);
  const decipher = createDecipheriv(cipher.name, key, expect(encryption?.[1], TAG.octets, 'IV').content);
  return Buffer.concat([decipher.update(bytes), decipher.final()]);
}

/** Which algorithms an AlgorithmIdentifier asks for, in words, such as `MD5 and DES`. */
export function encryptionName(algorithm: Der): string {
  const [scheme, parameters] = childrenOf(algorithm);
  const parts =
    oidOf(scheme) === PBES2
      ? childrenOf(expect(parameters, TAG.sequence, 'PBES2 parameters')).map((each) => childrenOf(each)[0])
      : [scheme];
  const named = parts.map(oidOf).map((each) => OTHERS[each] ?? CIPHERS[each]?.name ?? each);
  return named.filter((each) => each !== PBKDF2).join(' and ');
}

/** Throws a ContentFault when OpenSSL would compute for minutes to open what is encrypted so. */
export function refuseCostly(algorithm: Der): void {
  const [scheme, parameters] = childrenOf(algorithm);
  const [first] = childrenOf(expect(parameters, TAG.sequence, 'parameters'));
  if (oidOf(scheme) !== PBES2) {
    few(childrenOf(parameters!)[1]);
    return;
  }
  const [derivation, values] = childrenOf(expect(first, TAG.sequence, 'key derivation'));
  const numbers = childrenOf(expect(values, TAG.sequence, 'key derivation parameters')).slice(1);
  if (oidOf(derivation) === PBKDF2) few(numbers[0]);
  if (oidOf(derivation) !== SCRYPT) return;
  const cost = numbers.slice(0, 3).reduce((product, each) => product * numberOf(each), 1);
  if (cost < 1 || cost > MOST_SCRYPT) throw ContentFault.at('', 'too-costly');
}

/** MacData over `bytes`, HMAC-SHA-256. */
export async function macData(bytes: Buffer, passphrase: string, rounds = ROUNDS): Promise<Asn1> {
  const salt = randomBytes(16);
  const key = await macKey('sha256', passphrase, salt, rounds);
  const digest = createHmac('sha256', key).update(bytes).digest();
  return sequence(sequence(sequence(oid(SHA256), nothing()), octets(digest)), octets(salt), integer(rounds));
}

/** An empty passphrase is tried in both forms that programs give it in: no octets, and the octets of its end alone. */
export async function macFits(mac: Der, bytes: Buffer, passphrase: string): Promise<boolean> {
  const [digestInfo, salt, rounds] = childrenOf(mac);
  const [algorithm, digest] = childrenOf(expect(digestInfo, TAG.sequence, 'DigestInfo'));
  const type = oidOf(childrenOf(expect(algorithm, TAG.sequence, 'algorithm'))[0]);
  const name = HASHES[type];
  if (name === undefined) throw ContentFault.at('', 'p12-legacy', `a MAC of the kind ${type}`);
  const expected = expect(digest, TAG.octets, 'digest').content;
  for (const form of passphrase === '' ? ['', undefined] : [passphrase]) {
    const key = await macKey(name, form, expect(salt, TAG.octets, 'salt').content, rounds ? few(rounds) : 1);
    if (createHmac(name, key).update(bytes).digest().equals(expected)) return true;
  }
  return false;
}

const ROUNDS_AT_A_TIME = 20_000;

/** RFC 7292 appendix B.2 with ID 3, for as many octets as the hash has: one turn of its outer loop. */
async function macKey(name: string, passphrase: string | undefined, salt: Buffer, rounds: number): Promise<Buffer> {
  const block = name === 'sha1' || name === 'sha256' ? 64 : 128;
  const text = passphrase === undefined ? Buffer.alloc(0) : Buffer.from(`${passphrase}\0`, 'utf16le').swap16();
  let key = Buffer.concat([Buffer.alloc(block, 3), stretched(salt, block), stretched(text, block)]);
  for (let round = 0; round < rounds; round += 1) {
    key = hash(name, key, 'buffer');
    // The agent goes on sending meanwhile.
    if (round % ROUNDS_AT_A_TIME === ROUNDS_AT_A_TIME - 1) await setImmediate();
  }
  return key;
}

function stretched(bytes: Buffer, block: number): Buffer {
  return Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes);
}

function few(rounds: Der | undefined): number {
  const count = numberOf(rounds);
  if (count < 1) throw new DerError('iteration count out of range', rounds?.raw);
  if (count > MOST_ROUNDS) throw ContentFault.at('', 'too-costly');
  return count;
}

function outdated(algorithm: Der): ContentFault {
  return ContentFault.at('', 'p12-legacy', encryptionName(algorithm));
}
