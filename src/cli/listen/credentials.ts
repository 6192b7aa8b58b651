/** The files that `listen` needs, by default those of the old recipe in the working directory, as `cert init` makes them. */
import { readFile } from 'node:fs/promises';
import { reasonOf, systemCode } from '../../lib/errors.js';
import { UsageError } from '../usage-error.js';
import { COMMAND } from '../voice.js';

export interface CredentialFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly crl?: string;
}

export interface Credentials {
  readonly ca?: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly crl?: Buffer;
}

/** Rejects with a UsageError that names the file and its option. */
export async function readCredentials(files: CredentialFiles, withAuthorities: boolean): Promise<Credentials> {
  const cert = await read('certificate', '--cert', files.cert);
  const key = await read('key', '--key', files.key);
  return {
    cert,
    key,
    ...(withAuthorities ? { ca: await read('certificate of the authority', '--ca', files.ca) } : {}),
    ...(files.crl === undefined ? {} : { crl: await read('revocation list', '--crl', files.crl) }),
  };
}

async function read(what: string, option: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const missing = systemCode(cause) === 'ENOENT';
    throw new UsageError(`cannot read the ${what} ${path}: ${missing ? 'no such file' : reasonOf(cause)}`, {
      hint: missing
        ? `name it by ${option}, or make certificates for a test in this directory: ${COMMAND} cert init .`
        : `let this user read it, or name another by ${option}`,
      cause,
    });
  }
}
