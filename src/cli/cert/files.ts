/** Reads the files that are named on the command line of `cert`, with errors that name them. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { AgentError, systemCode } from '../../lib/errors.js';
import { readUpTo } from '../../lib/read-up-to.js';
import { type Content, certificatesIn, keysIn, listsIn, readBundle } from '../../pki/files/bundle.js';
import { ContentFault } from '../../pki/files/faults.js';
import type { AskPassphrase } from '../../pki/files/passphrase.js';
import { MOST_BYTES } from '../../pki/files/tls-file.js';
import type { Authority } from '../../pki/x509/authority.js';
import { leafOf } from '../../pki/x509/chain.js';
import type { RevocationList } from '../../pki/x509/revocation.js';
import type { Io } from '../io.js';
import { oldPassphrase } from './passphrase.js';

export async function readContents(path: string, ask?: AskPassphrase): Promise<Content[]> {
  const bytes = await readBytes(path);
  try {
    return await readBundle(bytes, ask);
  } catch (error) {
    throw error instanceof ContentFault ? error.in(path) : error;
  }
}

/** Throws when the file holds none. */
export async function readCertificates(path: string, ask?: AskPassphrase): Promise<X509Certificate[]> {
  const certificates = certificatesIn(await readContents(path, ask));
  if (certificates.length > 0) return certificates;
  throw new AgentError('no-certificate', `${path} holds no certificate`, {
    hint: 'see what it holds: openemr-audit-forwarder cert show',
  });
}

/** The leaf of a file that may hold its chain, too. */
export async function readLeaf(path: string, ask?: AskPassphrase): Promise<X509Certificate> {
  return leafOf(await readCertificates(path, ask))!;
}

export async function readKey(path: string, ask: AskPassphrase): Promise<KeyObject> {
  const contents = await readContents(path, ask);
  const key = keysIn(contents)[0];
  if (key !== undefined) return key;
  const locked = contents.some(({ kind }) => kind === 'locked');
  throw locked
    ? new AgentError('passphrase-missing', `the key in ${path} is encrypted and there is no passphrase`, {
        hint: 'run the command in a terminal, or give the file that holds the passphrase',
      })
    : new AgentError('no-key', `${path} holds no private key`, {
        hint: 'see what it holds: openemr-audit-forwarder cert show',
      });
}

/** Of our own authority, as `addAuthority` asks for them. */
export interface AuthorityFiles {
  readonly ca: string;
  readonly caKey: string;
  readonly caPassphraseFile?: string;
}

export async function readAuthority(io: Io, { ca, caKey, caPassphraseFile }: AuthorityFiles): Promise<Authority> {
  const ask = oldPassphrase(io, caPassphraseFile, `the authority's key (${caKey})`);
  return { certificate: await readLeaf(ca), key: await readKey(caKey, ask) };
}

/** The lists in the file; none when there is no such file, unless it must exist. */
export async function readLists(path: string, { mustExist = false } = {}): Promise<RevocationList[]> {
  try {
    return listsIn(await readContents(path));
  } catch (error) {
    if (!mustExist && error instanceof AgentError && systemCode(error.cause) === 'ENOENT') return [];
    throw error;
  }
}

async function readBytes(path: string): Promise<Buffer> {
  let bytes: Buffer | undefined;
  try {
    bytes = await readUpTo(path, MOST_BYTES);
  } catch (cause) {
    const code = systemCode(cause);
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'it does not exist',
      EACCES: 'it may not be read by this user',
      EISDIR: 'it is a directory',
    };
    throw new AgentError('file-unreadable', `cannot read ${path}: ${reasons[code] ?? code}`, {
      cause,
      hint: code === 'EACCES' ? 'run the command as the owner of the file, or as root' : 'check the path',
    });
  }
  if (bytes !== undefined) return bytes;
  throw new AgentError('file-unreadable', `${path} is longer than ${MOST_BYTES} bytes: these are no certificates`, {
    hint: 'check the path',
  });
}
