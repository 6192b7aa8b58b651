/** Reads one of the files that `tls` names, with errors that name the key, the file, the place in it and the remedy. */
import { userInfo } from 'node:os';
import { AgentError, systemCode } from '../../lib/errors.js';
import type { Files } from '../../lib/files.js';
import { type Content, readBundle } from './bundle.js';
import { ContentFault } from './faults.js';
import type { AskPassphrase } from './passphrase.js';

/** The key of the configuration, below `tls`. */
export type FileKey = 'ca' | 'cert' | 'key' | 'p12' | 'crl';

const WHAT: Readonly<Record<FileKey, string>> = {
  ca: "the authority's certificate",
  cert: 'the certificate',
  key: 'the private key',
  p12: 'the PKCS#12 file',
  crl: 'the revocation list',
};

/** Nobody's certificates take a megabyte; the path leads elsewhere. */
export const MOST_BYTES = 4 * 1024 * 1024;

/** Where the files are. */
export type TlsDisk = Pick<Files, 'open' | 'stat'>;

/** Of a file without secrets. */
export async function readContents(key: FileKey, path: string, disk: TlsDisk): Promise<Content[]> {
  return contentsOf(key, path, await readBytes(key, path, disk), async () => undefined);
}

/** Of a file with a secret, which `ask` opens; `mustOpen` false leaves what is locked unread. */
export async function readHidden(
  key: FileKey,
  path: string,
  { ask, disk, mustOpen = true }: { readonly ask: AskPassphrase; readonly disk: TlsDisk; readonly mustOpen?: boolean },
): Promise<Content[]> {
  const contents = await contentsOf(key, path, await readBytes(key, path, disk), ask);
  const locked = contents.find(({ kind }) => kind === 'locked');
  if (locked?.kind !== 'locked' || !mustOpen) return contents;
  throw fault(
    key,
    path,
    'passphrase-missing',
    `the ${locked.what} in it is encrypted and there is no passphrase`,
    'name a file with the passphrase in tls.passphraseFile, or give it to the service as the credential tls-passphrase',
  );
}

export async function isWorldReadable(path: string, disk: TlsDisk): Promise<boolean> {
  return ((await disk.stat(path)).mode & 0o004) !== 0;
}

/** `tls.key /etc/…/openemr.key: why`. */
export function fault(
  key: FileKey,
  path: string,
  code: string,
  why: string,
  hint: string,
  cause?: unknown,
): AgentError {
  return new AgentError(code, `tls.${key} ${path}: ${why}`, { hint, cause });
}

async function contentsOf(key: FileKey, path: string, bytes: Buffer, ask: AskPassphrase): Promise<Content[]> {
  try {
    return await readBundle(bytes, ask);
  } catch (error) {
    throw error instanceof ContentFault ? error.in(`tls.${key} ${path}`) : error;
  }
}

async function readBytes(key: FileKey, path: string, disk: TlsDisk): Promise<Buffer> {
  try {
    const file = await disk.open(path, 'read');
    try {
      const { size, isFile, isDirectory } = await file.stat();
      if (size > MOST_BYTES)
        throw fault(key, path, 'too-large', `a file of ${size} bytes cannot be ${WHAT[key]}`, 'correct the path');
      // A FIFO or a terminal by mistake must not hold the start of the agent.
      if (!isFile && !isDirectory)
        throw fault(key, path, `${key}-unreadable`, 'is not a regular file', 'correct the path');
      const bytes = Buffer.alloc(Math.max(size, 1));
      return bytes.subarray(0, await file.read(bytes, 0));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof AgentError) throw error;
    throw unreadable(key, path, error);
  }
}

function unreadable(key: FileKey, path: string, cause: unknown): AgentError {
  const code = systemCode(cause);
  const hidden = key === 'key' || key === 'p12';
  switch (code) {
    case 'ENOENT':
      return fault(
        key,
        path,
        `${key}-missing`,
        `${WHAT[key]} does not exist`,
        `correct tls.${key}, or make it: openemr-audit-forwarder cert import --help (from the exchange), or cert init (for a test)`,
        cause,
      );
    case 'EACCES':
    case 'EPERM': {
      const remedy = `run as root: chown ${userName()} ${path} && chmod ${hidden ? '0400' : '0644'} ${path}; its directories must let that user pass`;
      return fault(key, path, `${key}-unreadable`, `cannot read ${WHAT[key]} (${code})`, remedy, cause);
    }
    case 'EISDIR':
      return fault(key, path, `${key}-unreadable`, 'is a directory', `name the file itself in tls.${key}`, cause);
    default:
      return fault(
        key,
        path,
        `${key}-unreadable`,
        `cannot read ${WHAT[key]} (${code || 'unknown error'})`,
        'check the path and the file system',
        cause,
      );
  }
}

/** Of the user that cannot read; a container may have no entry for it. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
