/** Reads the files that are named on the command line of `cert`, with errors that name them. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AgentError, systemCode } from '../../lib/errors.js';
import { type Content, certificatesIn, keysIn, listsIn, readBundle } from '../../pki/files/bundle.js';
import { ContentFault } from '../../pki/files/faults.js';
import type { AskPassphrase } from '../../pki/files/passphrase.js';
import type { Authority } from '../../pki/x509/authority.js';
import { leafOf } from '../../pki/x509/chain.js';
import type { RevocationList } from '../../pki/x509/revocation.js';

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

export async function readAuthority(caPath: string, keyPath: string, ask: AskPassphrase): Promise<Authority> {
  return { certificate: await readLeaf(caPath), key: await readKey(keyPath, ask) };
}

/** The lists in the file; none when there is no such file. */
export async function readLists(path: string): Promise<RevocationList[]> {
  try {
    return listsIn(await readContents(path));
  } catch (error) {
    if (error instanceof AgentError && systemCode(error.cause) === 'ENOENT') return [];
    throw error;
  }
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
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
}
