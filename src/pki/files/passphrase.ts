/**
 * Reads passphrases from files: one that the operator names, or one that systemd hands over as
 * a credential. Never from argv, where every user of the host could read them.
 */
import { join } from 'node:path';
import { AgentError, systemCode } from '../../lib/errors.js';
import { readUpTo } from '../../lib/read-up-to.js';

/** Under this name `LoadCredential=` or `LoadCredentialEncrypted=` of the unit gives the key's passphrase. */
export const CREDENTIAL = 'tls-passphrase';

/** Asked only when something encrypted is met; `undefined`: there is none. */
export type AskPassphrase = () => Promise<string | undefined>;

/** A passphrase is a line; a path that leads to more leads elsewhere. */
const MOST_BYTES = 64 * 1024;

/**
 * The first line of the file; of the credential when no file is named; `undefined` when there is neither. An empty file is
 * the empty passphrase, which some programs encrypt with.
 */
export async function readPassphrase(
  file: string | undefined,
  credentialsDirectory: string | undefined,
): Promise<string | undefined> {
  if (file !== undefined) return firstLine(file);
  if (credentialsDirectory === undefined) return undefined;
  try {
    return await firstLine(join(credentialsDirectory, CREDENTIAL));
  } catch (error) {
    if (error instanceof AgentError && systemCode(error.cause) === 'ENOENT') return undefined;
    throw error;
  }
}

async function firstLine(path: string): Promise<string> {
  const line = textOf(await read(path), path).split(/\r\n|\n|\r/, 1)[0] ?? '';
  if (!line.includes('\0')) return line;
  throw notText(path, 'it holds NUL octets');
}

/** Notepad and PowerShell put a byte order mark before UTF-8, or write UTF-16. */
function textOf(bytes: Buffer, path: string): string {
  const encoding = { '255 254': 'utf-16le', '254 255': 'utf-16be' }[bytes.subarray(0, 2).join(' ')] ?? 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw notText(path, `it is not ${encoding.toUpperCase()}`, cause);
  }
}

function notText(path: string, why: string, cause?: unknown): AgentError {
  return new AgentError('passphrase-not-text', `the passphrase file ${path} cannot be read as text: ${why}`, {
    cause,
    hint: 'save it as UTF-8 text, the passphrase on its first line',
  });
}

/** A pipe (`--passphrase-file <(pass show audit)`) is read to its end, too. */
async function read(path: string): Promise<Buffer> {
  let bytes: Buffer | undefined;
  try {
    bytes = await readUpTo(path, MOST_BYTES);
  } catch (cause) {
    throw new AgentError('passphrase-unreadable', `cannot read the passphrase file ${path} (${systemCode(cause)})`, {
      cause,
      hint: 'check the path; the file belongs to the user that runs this, mode 0400',
    });
  }
  if (bytes !== undefined) return bytes;
  throw new AgentError(
    'passphrase-unreadable',
    `${path} is longer than ${MOST_BYTES} bytes, so it is no passphrase file`,
    {
      hint: 'correct the path; the file holds the passphrase on its first line',
    },
  );
}
