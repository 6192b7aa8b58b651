/**
 * Whatever lies in a file: certificates, keys, requests and revocation lists,
 * as PEM in any order and number, or one of them as DER, or a PKCS#7 or
 * PKCS#12 bundle, in BER too. Told apart by their content, never by the file's name.
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { AgentError } from '../../lib/errors.js';
import { derOf } from '../asn1/ber.js';
import { childrenOf, type Der, DerError, expect, oidOf, readDer, TAG } from '../asn1/read.js';
import { isPkcs12, readPkcs12 } from '../pkcs12/file.js';
import { type Request, readRequest } from '../x509/request.js';
import { type RevocationList, readRevocationList } from '../x509/revocation.js';
import { type PemBlock, readPem, writePem } from './pem.js';

export type Content =
  | { readonly kind: 'certificate'; readonly certificate: X509Certificate }
  | { readonly kind: 'key'; readonly key: KeyObject }
  | { readonly kind: 'public-key'; readonly key: KeyObject }
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'revocation-list'; readonly list: RevocationList }
  /** Encrypted, and nobody gave a passphrase. */
  | { readonly kind: 'locked'; readonly what: 'private key' | 'PKCS#12 file' };

/** Asked only when something encrypted is met; `undefined`: there is none. */
export type AskPassphrase = () => Promise<string | undefined>;

const ENCRYPTED_KEY = 'ENCRYPTED PRIVATE KEY';
/** Copied out of a mail or a web page without its BEGIN and END lines; no DER is that. */
const BARE_BASE64 = /^\s*M[A-Za-z0-9+/\s]{60,}={0,2}\s*$/;

const noPassphrase: AskPassphrase = async () => undefined;

/** Throws an AgentError when the bytes are none of these. An empty list: PEM of other kinds only. */
export async function readBundle(bytes: Buffer, ask: AskPassphrase = noPassphrase): Promise<Content[]> {
  // A SEQUENCE of more than 127 octets; a signed file in it may well be PEM.
  if (bytes[0] === TAG.sequence && (bytes[1] ?? 0) >= 0x80) return readBinary(bytes, ask);
  const text = textOf(bytes);
  const blocks = readPem(text);
  if (blocks.length === 0 && text.includes('-----BEGIN ')) throw cutShort();
  if (blocks.length === 0) return readBinary(BARE_BASE64.test(text) ? Buffer.from(text, 'base64') : bytes, ask);
  const contents: Content[] = [];
  for (const block of blocks) contents.push(...(await readBlock(block, ask)));
  return contents;
}

async function readBlock(block: PemBlock, ask: AskPassphrase): Promise<Content[]> {
  const { label, der, text } = block;
  switch (label) {
    case 'CERTIFICATE':
    case 'X509 CERTIFICATE':
    case 'TRUSTED CERTIFICATE':
      return certificatesOf(der);
    case 'CERTIFICATE REQUEST':
    case 'NEW CERTIFICATE REQUEST':
      return [{ kind: 'request', request: readRequest(der) }];
    case 'X509 CRL':
      return [{ kind: 'revocation-list', list: readRevocationList(der) }];
    case 'PKCS7':
    case 'CMS':
      return readPkcs7(der).map((certificate) => ({ kind: 'certificate', certificate }));
    case 'PUBLIC KEY':
      return [{ kind: 'public-key', key: createPublicKey(text) }];
    default:
      return label.endsWith('PRIVATE KEY') ? [await keyOf(text, isEncrypted(block), ask)] : [];
  }
}

async function readBinary(der: Buffer, ask: AskPassphrase): Promise<Content[]> {
  if (isPkcs12(der)) return unlocked(der, ask);
  if (isEncryptedKey(der)) return [await encryptedKeyOf(der, ask)];
  const readers: (() => Content[])[] = [
    () => [certificateOf(der)],
    () => [{ kind: 'request', request: readRequest(der) }],
    () => [{ kind: 'revocation-list', list: readRevocationList(der) }],
    () => readPkcs7(der).map((certificate) => ({ kind: 'certificate', certificate })),
    ...(['pkcs8', 'pkcs1', 'sec1'] as const).map((type) => (): Content[] => [
      { kind: 'key', key: createPrivateKey({ key: der, format: 'der', type }) },
    ]),
    () => [{ kind: 'public-key', key: createPublicKey({ key: der, format: 'der', type: 'spki' }) }],
  ];
  for (const read of readers) {
    try {
      return read();
    } catch {
      // Not this kind: the next one is tried.
    }
  }
  throw new AgentError('not-a-certificate', 'this is no certificate, key, request or revocation list', {
    hint: 'PEM (with BEGIN and END lines), DER, PKCS#7 and PKCS#12 are read; ask for the file in one of these',
  });
}

async function unlocked(der: Buffer, ask: AskPassphrase): Promise<Content[]> {
  const passphrase = await ask();
  if (passphrase === undefined) return [{ kind: 'locked', what: 'PKCS#12 file' }];
  const { keys, certificates } = await readPkcs12(der, passphrase);
  return [
    ...certificates.map((certificate): Content => ({ kind: 'certificate', certificate })),
    ...keys.map((key): Content => ({ kind: 'key', key })),
  ];
}

/** Windows labels a PKCS#7 bundle like a certificate, too (`certutil -encode`). */
function certificatesOf(der: Buffer): Content[] {
  try {
    return [certificateOf(der)];
  } catch (error) {
    try {
      return readPkcs7(der).map((certificate) => ({ kind: 'certificate', certificate }));
    } catch {
      throw error;
    }
  }
}

function certificateOf(der: Buffer): Content {
  try {
    return { kind: 'certificate', certificate: new X509Certificate(der) };
  } catch (cause) {
    throw new AgentError('certificate-damaged', 'a certificate in it is damaged and cannot be read', {
      cause,
      hint: 'copy the file again; between the BEGIN and END lines there is base64 only',
    });
  }
}

function encryptedKeyOf(der: Buffer, ask: AskPassphrase): Promise<Content> {
  return keyOf(writePem(ENCRYPTED_KEY, der), true, ask);
}

async function keyOf(text: string, encrypted: boolean, ask: AskPassphrase): Promise<Content> {
  const passphrase = encrypted ? await ask() : undefined;
  if (encrypted && passphrase === undefined) return { kind: 'locked', what: 'private key' };
  try {
    return { kind: 'key', key: createPrivateKey({ key: text, ...(passphrase === undefined ? {} : { passphrase }) }) };
  } catch {
    // The cause is left out: nothing that was near a key goes into an error.
    if (encrypted) {
      throw new AgentError('passphrase-wrong', 'the passphrase does not open the private key', {
        hint: 'check the passphrase; a file for it holds the passphrase on its first line',
      });
    }
    throw new AgentError('key-damaged', 'the private key in it is damaged, or of a kind that OpenSSL does not know');
  }
}

function isEncrypted({ label, text }: PemBlock): boolean {
  return label === ENCRYPTED_KEY || /^Proc-Type:.*ENCRYPTED/m.test(text);
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

/** PowerShell redirects text as UTF-16. */
function textOf(bytes: Buffer): string {
  return bytes[0] === 0xff && bytes[1] === 0xfe ? bytes.toString('utf16le', 2) : bytes.toString('latin1');
}

function cutShort(): AgentError {
  return new AgentError('pem-cut-short', 'it has a BEGIN line and no END line that belongs to it', {
    hint: 'the file was cut off: copy it again, to the last line',
  });
}

/* The certificates of a PKCS#7 bundle (RFC 5652 SignedData without signatures), as authorities send them in `.p7b` files. */

const SIGNED_DATA = '1.2.840.113549.1.7.2';

/** In DER or BER. Throws a DerError when it is none. */
function readPkcs7(bytes: Buffer): X509Certificate[] {
  const [type, wrapped] = childrenOf(expect(readDer(derOf(bytes)), TAG.sequence, 'ContentInfo'));
  if (oidOf(type) !== SIGNED_DATA) throw new DerError('SignedData expected');
  const signedData = expect(childrenOf(expect(wrapped, 0xa0, 'content'))[0], TAG.sequence, 'SignedData');
  const certificates: Der | undefined = childrenOf(signedData).find(({ tag }) => tag === 0xa0);
  return certificates === undefined ? [] : childrenOf(certificates).map(({ raw }) => new X509Certificate(raw));
}
