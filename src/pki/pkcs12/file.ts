/** Writes and reads PKCS#12 (RFC 7292), a key and its chain in one file under one passphrase: DER, and BER too. */
import { createHash, createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { AgentError } from '../../lib/errors.js';
import { derOf } from '../asn1/ber.js';
import { childrenOf, type Der, DerError, expect, numberOf, oidOf, readDer, TAG } from '../asn1/read.js';
import {
  type Asn1,
  bmp,
  encode,
  finished,
  integer,
  octets,
  oid,
  sequence,
  set,
  tagged,
  taggedBytes,
} from '../asn1/write.js';
import { ContentFault } from '../files/faults.js';
import type { AskPassphrase } from '../files/passphrase.js';
import { soundCertificate } from '../x509/sound.js';
import { lock, macData, macFits, unlock } from './cipher.js';

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const KEY_BAG = '1.2.840.113549.1.12.10.1.1';
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const CERT_BAG = '1.2.840.113549.1.12.10.1.3';
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';
const FRIENDLY_NAME = '1.2.840.113549.1.9.20';
const LOCAL_KEY_ID = '1.2.840.113549.1.9.21';

export interface Pkcs12Content {
  readonly key: KeyObject;
  /** Leaf first. */
  readonly chain: readonly X509Certificate[];
  /** Under which other programs list it. */
  readonly name: string;
}

/** Key and certificates each by AES-256, the whole under an HMAC-SHA-256: what `openssl pkcs12 -export` of OpenSSL 3 writes. `rounds`: of the key derivation. */
export async function writePkcs12(
  { key, chain, name }: Pkcs12Content,
  passphrase: string,
  rounds?: number,
): Promise<Buffer> {
  const leaf = chain[0];
  if (leaf === undefined) throw new AgentError('no-certificate', 'a PKCS#12 file needs a certificate beside its key');
  const identifier = createHash('sha256').update(leaf.raw).digest().subarray(0, 20);
  const attributes = set(
    sequence(oid(FRIENDLY_NAME), set(bmp(name))),
    sequence(oid(LOCAL_KEY_ID), set(octets(identifier))),
  );
  const certificates = chain.map(({ raw }, at) =>
    bag(CERT_BAG, sequence(oid(X509_CERTIFICATE), tagged(0, octets(raw))), at === 0 ? attributes : undefined),
  );
  const lockedCertificates = await lock(encode(sequence(...certificates)), passphrase, rounds);
  const lockedKey = await lock(key.export({ type: 'pkcs8', format: 'der' }), passphrase, rounds);
  const shrouded = sequence(lockedKey.algorithm, octets(lockedKey.bytes));
  const content = encode(
    sequence(
      encryptedData(lockedCertificates.algorithm, lockedCertificates.bytes),
      plainData(encode(sequence(bag(SHROUDED_KEY_BAG, shrouded, attributes)))),
    ),
  );
  return encode(sequence(integer(3), plainData(content), await macData(content, passphrase, rounds)));
}

export interface Pkcs12Read {
  readonly keys: readonly KeyObject[];
  readonly certificates: readonly X509Certificate[];
}

/**
 * `undefined` when it is encrypted, nobody has a passphrase, and an empty one does not open it. Throws a ContentFault, or
 * a DerError when it is damaged. `ask` is called only where something is locked.
 */
export async function readPkcs12(der: Buffer, ask: AskPassphrase): Promise<Pkcs12Read | undefined> {
  const { content, mac } = openPfx(der);
  let asked: Promise<string | undefined> | undefined;
  const passphrase = async () => {
    asked ??= ask();
    return (await asked) ?? '';
  };
  if (mac && !(await macFits(mac, content, await passphrase()))) return wrongPassphrase(await asked);
  const keys: KeyObject[] = [];
  const certificates: X509Certificate[] = [];
  for (const part of childrenOf(expect(readDer(derOf(content)), TAG.sequence, 'AuthenticatedSafe'))) {
    const opened = await openPart(part, passphrase);
    if (opened === undefined) return wrongPassphrase(await asked);
    for (const each of childrenOf(readDer(derOf(opened)))) {
      const [type, value] = childrenOf(each);
      const kind = oidOf(type);
      if (![CERT_BAG, KEY_BAG, SHROUDED_KEY_BAG].includes(kind)) continue;
      const [inner] = childrenOf(expect(value, 0xa0, 'bag value'));
      if (inner === undefined) throw new DerError('bag value expected', value?.content);
      if (kind === CERT_BAG) certificates.push(soundCertificate(certificateIn(inner)));
      if (kind === KEY_BAG) keys.push(keyIn(inner.raw));
      if (kind === SHROUDED_KEY_BAG) {
        const [algorithm, locked] = childrenOf(inner);
        const bytes = expect(locked, TAG.octets, 'locked key').content;
        const plain = await unlocked(expect(algorithm, TAG.sequence, 'algorithm'), bytes, await passphrase());
        if (plain === undefined) return wrongPassphrase(await asked);
        keys.push(keyIn(plain));
      }
    }
  }
  return { keys, certificates };
}

function keyIn(der: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch {
    throw ContentFault.at('', 'key-damaged');
  }
}

/** Whether these bytes are laid out as PKCS#12, whatever they are locked with. */
export function isPkcs12(der: Buffer): boolean {
  try {
    openPfx(der);
    return true;
  } catch {
    return false;
  }
}

function openPfx(bytes: Buffer): { content: Buffer; mac: Der | undefined } {
  const [version, safe, mac] = childrenOf(expect(readDer(derOf(bytes)), TAG.sequence, 'PFX'));
  if (numberOf(version) !== 3) throw new DerError('PFX of version 3 expected');
  const [type, wrapped] = childrenOf(expect(safe, TAG.sequence, 'ContentInfo'));
  if (oidOf(type) !== DATA) throw new DerError('password integrity mode expected');
  const octetString = childrenOf(expect(wrapped, 0xa0, 'content'))[0];
  return { content: expect(octetString, TAG.octets, 'content').content, mac };
}

/** `undefined`: the passphrase does not open it. */
async function openPart(part: Der, passphrase: () => Promise<string>): Promise<Buffer | undefined> {
  const [type, wrapped] = childrenOf(part);
  const inner = childrenOf(expect(wrapped, 0xa0, 'content'))[0];
  if (oidOf(type) === DATA) return expect(inner, TAG.octets, 'content').content;
  if (oidOf(type) !== ENCRYPTED_DATA) throw new DerError('content encrypted by password expected', type?.raw);
  const [, locked] = childrenOf(expect(inner, TAG.sequence, 'EncryptedData'));
  const [, algorithm, bytes] = childrenOf(expect(locked, TAG.sequence, 'EncryptedContentInfo'));
  const content = expect(bytes, 0x80, 'content').content;
  return unlocked(expect(algorithm, TAG.sequence, 'algorithm'), content, await passphrase());
}

async function unlocked(algorithm: Der, bytes: Buffer, passphrase: string): Promise<Buffer | undefined> {
  try {
    return await unlock(algorithm, bytes, passphrase);
  } catch (error) {
    if (error instanceof AgentError || error instanceof DerError) throw error;
    // Of OpenSSL: the padding does not fit.
    return undefined;
  }
}

function certificateIn(bagValue: Der): Buffer {
  const [type, wrapped] = childrenOf(bagValue);
  if (oidOf(type) !== X509_CERTIFICATE) throw new DerError('X.509 certificate expected');
  return expect(childrenOf(expect(wrapped, 0xa0, 'certificate'))[0], TAG.octets, 'certificate').content;
}

function bag(type: string, value: Asn1, attributes?: Asn1): Asn1 {
  return sequence(oid(type), tagged(0, value), ...(attributes ? [attributes] : []));
}

function plainData(content: Buffer): Asn1 {
  return sequence(oid(DATA), tagged(0, octets(content)));
}

function encryptedData(algorithm: Asn1, bytes: Buffer): Asn1 {
  const content = sequence(oid(DATA), finished(encode(algorithm)), taggedBytes(0, bytes));
  return sequence(oid(ENCRYPTED_DATA), tagged(0, sequence(integer(0), content)));
}

/** Without a passphrase it was the empty one that did not fit: then it is just locked. */
function wrongPassphrase(given: string | undefined): undefined {
  if (given !== undefined) throw ContentFault.wrongPassphrase('', 'PKCS#12 file', given);
}
