/** Passphrases from files: one the operator names, or one that systemd hands over as a credential. Never from argv. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError, systemCode } from '../../lib/errors.js';

/** Under this name `LoadCredential=` or `LoadCredentialEncrypted=` of the unit gives the key's passphrase. */
export const CREDENTIAL = 'tls-passphrase';

/** The first line of the file; of the credential when no file is named; `undefined` when there is neither. */
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
  const line = (await read(path)).split(/\r?\n/, 1)[0] ?? '';
  if (line !== '') return line;
  throw new AgentError('passphrase-empty', `the passphrase file ${path} is empty`, {
    hint: 'write the passphrase as its first line',
  });
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new AgentError('passphrase-unreadable', `cannot read the passphrase file ${path} (${systemCode(cause)})`, {
      cause,
      hint: `check the path; the file belongs to the user that runs this, mode 0400`,
    });
  }
}
