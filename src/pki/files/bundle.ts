/**
 * Reads whatever lies in a file: certificates, keys, requests and revocation lists,
 * as PEM in any order and number, or one of them as DER, or a PKCS#7 or PKCS#12
 * bundle, in BER too. They are told apart by their content, never by the file's name.
 * What cannot be read is a ContentFault with its place; nothing is skipped in silence.
 */
import { createPrivateKey, createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { systemCode } from '../../lib/errors.js';
import { derOf } from '../asn1/ber.js';
import { childrenOf, type Der, DerError, expect, oidOf, readDer, TAG } from '../asn1/read.js';
import { encryptionName, refuseCostly } from '../pkcs12/cipher.js';
import { isPkcs12, readPkcs12 } from '../pkcs12/file.js';
import { type Request, readRequest } from '../x509/request.js';
import { type RevocationList, readRevocationList } from '../x509/revocation.js';
import { soundCertificate } from '../x509/sound.js';
import { ContentFault, type FaultCode } from './faults.js';
import type { AskPassphrase } from './passphrase.js';
import { type PemBlock, readPem, writePem } from './pem.js';

export type Content =
  | { readonly kind: 'certificate'; readonly certificate: X509Certificate }
  | { readonly kind: 'key'; readonly key: KeyObject }
  | { readonly kind: 'public-key'; readonly key: KeyObject }
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'revocation-list'; readonly list: RevocationList }
  /** Encrypted, and nobody gave a passphrase. */
  | { readonly kind: 'locked'; readonly what: 'private key' | 'PKCS#12 file' };

const ENCRYPTED_KEY = 'ENCRYPTED PRIVATE KEY';
/** Copied out of a mail or a web page without its BEGIN and END lines; no DER is that. */
const BARE_BASE64 = /^\s*M[A-Za-z0-9+/\s]{60,}={0,2}\s*$/;

const noPassphrase: AskPassphrase = async () => undefined;

/** Throws a ContentFault when the bytes are none of these, or damaged. An empty list: PEM of other kinds only. */
export async function readBundle(bytes: Buffer, ask: AskPassphrase = noPassphrase): Promise<Content[]> {
  // A SEQUENCE of more than 127 octets; a signed file in it may well be PEM.
  if (bytes[0] === TAG.sequence && (bytes[1] ?? 0) >= 0x80) return readBinary(bytes, ask);
  const text = textOf(bytes);
  const blocks = readPem(text);
  if (blocks.length === 0) return readBinary(BARE_BASE64.test(text) ? Buffer.from(text, 'base64') : bytes, ask);
  const contents: Content[] = [];
  for (const block of blocks) contents.push(...(await readBlock(block, ask)));
  return contents;
}

export function certificatesIn(contents: readonly Content[]): X509Certificate[] {
  return contents.flatMap((each) => (each.kind === 'certificate' ? [each.certificate] : []));
}

export function keysIn(contents: readonly Content[]): KeyObject[] {
  return contents.flatMap((each) => (each.kind === 'key' ? [each.key] : []));
}

export function listsIn(contents: readonly Content[]): RevocationList[] {
  return contents.flatMap((each) => (each.kind === 'revocation-list' ? [each.list] : []));
}

async function readBlock(block: PemBlock, ask: AskPassphrase): Promise<Content[]> {
  const [code, read] = readerFor(block, ask);
  try {
    return await read();
  } catch (error) {
    throw ContentFault.from(error, code, `line ${block.line}`);
  }
}

/** What to do with a block, and what it is called if that fails. */
function readerFor(block: PemBlock, ask: AskPassphrase): [FaultCode, () => Content[] | Promise<Content[]>] {
  const { label, text } = block;
  switch (label) {
    case 'CERTIFICATE':
    case 'X509 CERTIFICATE':
    case 'TRUSTED CERTIFICATE':
      return ['certificate-damaged', () => certificatesOf(block.der)];
    case 'CERTIFICATE REQUEST':
    case 'NEW CERTIFICATE REQUEST':
      return ['request-invalid', () => [{ kind: 'request', request: readRequest(block.der) }]];
    case 'X509 CRL':
      return ['crl-invalid', () => [{ kind: 'revocation-list', list: readRevocationList(block.der) }]];
    case 'PKCS7':
    case 'CMS':
      return ['pkcs7-damaged', () => readPkcs7(block.der)];
    case 'PUBLIC KEY':
      return ['public-key-damaged', () => [{ kind: 'public-key', key: createPublicKey(text) }]];
    case 'OPENSSH PRIVATE KEY':
      return ['key-openssh', () => Promise.reject(ContentFault.at('', 'key-openssh'))];
    case ENCRYPTED_KEY:
      return ['key-damaged', async () => [await encryptedKeyOf(block.der, ask)]];
    default:
      return ['key-damaged', async () => (label.endsWith('PRIVATE KEY') ? [await keyOf(block, ask)] : [])];
  }
}

async function readBinary(der: Buffer, ask: AskPassphrase): Promise<Content[]> {
  if (der.length === 0) throw ContentFault.at('', 'not-a-certificate', ': the file is empty');
  if (isPkcs12(der)) return read('p12-damaged', () => unlocked(der, ask));
  if (isEncryptedKey(der)) return read('key-damaged', async () => [await encryptedKeyOf(der, ask)]);
  if (isPkcs7(der)) return read('pkcs7-damaged', async () => readPkcs7(der));
  const readers: (() => Content[])[] = [
    () => [{ kind: 'certificate', certificate: soundCertificate(der) }],
    () => [{ kind: 'request', request: readRequest(der) }],
    () => [{ kind: 'revocation-list', list: readRevocationList(der) }],
    ...(['pkcs8', 'pkcs1', 'sec1'] as const).map((type) => (): Content[] => [
      { kind: 'key', key: createPrivateKey({ key: der, format: 'der', type }) },
    ]),
    () => [{ kind: 'public-key', key: createPublicKey({ key: der, format: 'der', type: 'spki' }) }],
  ];
  for (const each of readers) {
    try {
      return each();
    } catch {
      // Not this kind: the next one is tried.
    }
  }
  // None of them, or one of them with a fault; where the bytes are no DER, that is the fault.
  if (der[0] === TAG.sequence && der.length > 127) await read('file-damaged', async () => [readDer(derOf(der))]);
  throw ContentFault.at('', 'not-a-certificate', der[0] === TAG.sequence ? ', or it is damaged' : '');

  async function read<T>(code: FaultCode, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw ContentFault.from(error, code, '', der);
    }
  }
}

async function unlocked(der: Buffer, ask: AskPassphrase): Promise<Content[]> {
  const opened = await readPkcs12(der, ask);
  if (opened === undefined) return [{ kind: 'locked', what: 'PKCS#12 file' }];
  return [
    ...opened.certificates.map((certificate): Content => ({ kind: 'certificate', certificate })),
    ...opened.keys.map((key): Content => ({ kind: 'key', key })),
  ];
}

/** Windows labels a PKCS#7 bundle like a certificate, too (`certutil -encode`). */
function certificatesOf(der: Buffer): Content[] {
  return isPkcs7(der) ? readPkcs7(der) : [{ kind: 'certificate', certificate: soundCertificate(der) }];
}

/** EncryptedPrivateKeyInfo; its parameters are looked at before OpenSSL begins to compute. */
function encryptedKeyOf(der: Buffer, ask: AskPassphrase): Promise<Content> {
  const [algorithm] = childrenOf(expect(readDer(der), TAG.sequence, 'EncryptedPrivateKeyInfo'));
  const name = encryptionName(expect(algorithm, TAG.sequence, 'algorithm'));
  refuseCostly(algorithm!);
  return openKey(writePem(ENCRYPTED_KEY, der), name, ask);
}

/** PKCS#8 without encryption, or a key of before PKCS#8, whose header lines say how it is encrypted. */
async function keyOf({ text }: PemBlock, ask: AskPassphrase): Promise<Content> {
  if (!/^Proc-Type:.*ENCRYPTED/m.test(text)) return { kind: 'key', key: createPrivateKey(text) };
  return openKey(text, /^DEK-Info: *([^,\s]+)/m.exec(text)?.[1] ?? 'an algorithm that it does not name', ask);
}

/** `name`: of the encryption. Without a passphrase the empty one is tried: some programs encrypt with it. */
async function openKey(text: string, name: string, ask: AskPassphrase): Promise<Content> {
  const passphrase = await ask();
  try {
    return { kind: 'key', key: createPrivateKey({ key: text, passphrase: passphrase ?? '' }) };
  } catch (error) {
    if (systemCode(error).endsWith('UNSUPPORTED')) throw ContentFault.at('', 'key-legacy', name);
    if (passphrase === undefined) return { kind: 'locked', what: 'private key' };
    throw ContentFault.wrongPassphrase('', 'private key', passphrase);
  }
}

/** EncryptedPrivateKeyInfo (RFC 5958 section 3): `SEQUENCE { algorithm, OCTET STRING }`, which nothing else here is. */
function isEncryptedKey(der: Buffer): boolean {
  try {
    const parts = childrenOf(readDer(der));
    return parts.length === 2 && parts[0]?.tag === TAG.sequence && parts[1]?.tag === TAG.octets;
  } catch {
    return false;
  }
}

/** Windows stores text as UTF-16 in places (PowerShell's redirection), with or without a byte order mark. */
function textOf(bytes: Buffer): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return bytes.toString('utf16le', 2);
  if (first === 0xfe && second === 0xff) return even(bytes.subarray(2)).swap16().toString('utf16le');
  if (first === 0x2d && second === 0) return bytes.toString('utf16le');
  return bytes.toString('latin1').replace(/^\u00ef\u00bb\u00bf/, '');
}

function even(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(0, bytes.length & ~1));
}

/* The certificates of a PKCS#7 bundle (RFC 5652 SignedData without signatures), as authorities send them in `.p7b` files. */

const SIGNED_DATA = '1.2.840.113549.1.7.2';

/** By its first value alone: what follows may be damaged. In BER, too. */
function isPkcs7(bytes: Buffer): boolean {
  const start = bytes.indexOf(TAG.oid);
  if (bytes[0] !== TAG.sequence || start < 2 || start > 6) return false;
  try {
    return oidOf(readDer(bytes.subarray(start, start + 2 + (bytes[start + 1] ?? 0)))) === SIGNED_DATA;
  } catch {
    return false;
  }
}

/** In DER or BER. Throws a DerError when it is none. */
function readPkcs7(bytes: Buffer): Content[] {
  const [type, wrapped] = childrenOf(expect(readDer(derOf(bytes)), TAG.sequence, 'ContentInfo'));
  if (oidOf(type) !== SIGNED_DATA) throw new DerError('SignedData expected', type?.raw);
  const signedData = expect(childrenOf(expect(wrapped, 0xa0, 'content'))[0], TAG.sequence, 'SignedData');
  const certificates: Der | undefined = childrenOf(signedData).find(({ tag }) => tag === 0xa0);
  if (certificates === undefined) return [];
  return childrenOf(certificates).map(({ raw }) => ({ kind: 'certificate', certificate: soundCertificate(raw) }));
}
