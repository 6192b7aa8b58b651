/** What PKCS#12 is locked with: PBES2 (RFC 8018) of AES-CBC with PBKDF2, and its own key derivation for the MAC (RFC 7292). */
import { createCipheriv, createDecipheriv, createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { AgentError } from '../../lib/errors.js';
import { childrenOf, type Der, DerError, expect, numberOf, oidOf, TAG } from '../asn1/read.js';
import { type Asn1, integer, nothing, octets, oid, sequence } from '../asn1/write.js';

/** A guess costs an attacker this many hashes; opening it, us a fraction of a second. */
const ROUNDS = 100_000;
/** A file from elsewhere must not keep us computing for ever. */
const MOST_ROUNDS = 10_000_000;

const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
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
export async function lock(plain: Buffer, passphrase: string): Promise<Locked> {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const key = await derive(passphrase, salt, ROUNDS, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const parameters = sequence(octets(salt), integer(ROUNDS), integer(32), sequence(oid(HMAC_SHA256), nothing()));
  return {
    algorithm: sequence(
      oid(PBES2),
      sequence(sequence(oid(PBKDF2), parameters), sequence(oid(AES_256_CBC), octets(iv))),
    ),
    bytes: Buffer.concat([cipher.update(plain), cipher.final()]),
  };
}

/** Throws an AgentError for the algorithms of before 2020, which OpenSSL 3 has put away. */
export async function unlock(algorithm: Der, bytes: Buffer, passphrase: string): Promise<Buffer> {
  const [scheme, parameters] = childrenOf(algorithm);
  if (oidOf(scheme) !== PBES2) throw outdated();
  const [derivation, encryption] = childrenOf(expect(parameters, TAG.sequence, 'PBES2 parameters')).map(childrenOf);
  const cipher = CIPHERS[oidOf(encryption?.[0])];
  if (oidOf(derivation?.[0]) !== PBKDF2 || cipher === undefined) throw outdated();
  const [salt, rounds, ...rest] = childrenOf(expect(derivation?.[1], TAG.sequence, 'PBKDF2 parameters'));
  const prf = rest.find(({ tag }) => tag === TAG.sequence);
  const hash = prf === undefined ? 'sha1' : PRF[oidOf(childrenOf(prf)[0])];
  if (hash === undefined) throw outdated();
  const key = await derive(passphrase, expect(salt, TAG.octets, 'salt').content, few(rounds), cipher.keyBytes, hash);
  const decipher = createDecipheriv(cipher.name, key, expect(encryption?.[1], TAG.octets, 'IV').content);
  return Buffer.concat([decipher.update(bytes), decipher.final()]);
}

/** MacData over `bytes`, HMAC-SHA-256. */
export function macData(bytes: Buffer, passphrase: string): Asn1 {
  const salt = randomBytes(16);
  const key = macKey('sha256', passphrase, salt, ROUNDS);
  const digest = createHmac('sha256', key).update(bytes).digest();
  return sequence(sequence(sequence(oid(SHA256), nothing()), octets(digest)), octets(salt), integer(ROUNDS));
}

export function macFits(mac: Der, bytes: Buffer, passphrase: string): boolean {
  const [digestInfo, salt, rounds] = childrenOf(mac);
  const [algorithm, digest] = childrenOf(expect(digestInfo, TAG.sequence, 'DigestInfo'));
  const hash = HASHES[oidOf(childrenOf(expect(algorithm, TAG.sequence, 'algorithm'))[0])];
  if (hash === undefined) throw outdated();
  const key = macKey(hash, passphrase, expect(salt, TAG.octets, 'salt').content, rounds ? few(rounds) : 1);
  return createHmac(hash, key)
    .update(bytes)
    .digest()
    .equals(expect(digest, TAG.octets, 'digest').content);
}

/** RFC 7292 appendix B.2 with ID 3, for as many octets as the hash has: one turn of its outer loop. */
function macKey(hash: string, passphrase: string, salt: Buffer, rounds: number): Buffer {
  const block = hash === 'sha1' || hash === 'sha256' ? 64 : 128;
  const text = Buffer.from(`${passphrase}\0`, 'utf16le').swap16();
  let key = Buffer.concat([Buffer.alloc(block, 3), stretched(salt, block), stretched(text, block)]);
  for (let round = 0; round < rounds; round += 1) key = createHash(hash).update(key).digest();
  return key;
}

function stretched(bytes: Buffer, block: number): Buffer {
  return Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes);
}

function few(rounds: Der | undefined): number {
  const count = numberOf(rounds);
  if (count < 1 || count > MOST_ROUNDS) throw new DerError('iteration count out of range');
  return count;
}

function outdated(): AgentError {
  return new AgentError('p12-legacy', 'this PKCS#12 file uses algorithms (RC2, 3DES) that OpenSSL 3 no longer reads', {
    hint: 'run: (umask 077 && openssl pkcs12 -legacy -in old.p12 -noenc -out openemr.pem); openemr.pem then serves as certificate and key, or makes a new file: openemr-audit-forwarder cert p12 --cert openemr.pem --key openemr.pem',
  });
}
