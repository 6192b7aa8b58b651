/** Connects to the database of a site: reads the password and the certificates that the configuration names. */
import { isAbsolute, join } from 'node:path';
import { AgentError, reasonOf } from '../../lib/errors.js';
import type { Files } from '../../lib/files.js';
import type { SiteOptions } from '../options.js';
import type { Database } from './database.js';
import { type Credentials, MysqlDatabase } from './mysql.js';

/** `credentialsDirectory` is systemd's `$CREDENTIALS_DIRECTORY`, if this is a unit that was given credentials. */
export function connectSite(site: SiteOptions, files: Files, credentialsDirectory: string | undefined): Database {
  const path = pathOf(site.passwordFile, credentialsDirectory);
  return new MysqlDatabase({
    whereabouts: { database: whereaboutsOf(site), user: site.user, passwordFile: path },
    credentials: () => credentialsOf(site, path, (file) => read(file, files)),
  });
}

/** `openemr on localhost:3306`. */
function whereaboutsOf({ database, socket, host, port }: SiteOptions): string {
  return `${database} on ${socket ?? `${host}:${port}`}`;
}

function pathOf(file: string | undefined, credentialsDirectory: string | undefined): string | undefined {
  if (file === undefined || isAbsolute(file)) return file;
  if (credentialsDirectory !== undefined) return join(credentialsDirectory, file);
  throw new AgentError('credential-missing', `passwordFile ${file} names a systemd credential, and there is none`, {
    hint: `add LoadCredential=${file}:/path/of/the/password to the unit; by hand, set CREDENTIALS_DIRECTORY to the directory of a file of that name`,
  });
}

async function credentialsOf(
  site: SiteOptions,
  passwordFile: string | undefined,
  read: (path: string) => Promise<string>,
): Promise<Credentials> {
  const { database, user, tls } = site;
  return {
    ...(site.socket === undefined ? { host: site.host, port: site.port } : { socketPath: site.socket }),
    database,
    user,
    ...(passwordFile === undefined ? {} : { password: (await read(passwordFile)).replace(/\r?\n$/, '') }),
    ...(tls === undefined
      ? {}
      : {
          ssl: {
            ...(tls.ca === undefined ? {} : { ca: await read(tls.ca) }),
            ...(tls.cert === undefined ? {} : { cert: await read(tls.cert) }),
            ...(tls.key === undefined ? {} : { key: await read(tls.key) }),
            verifyIdentity: tls.verify === 'name',
          },
        }),
  };
}

async function read(path: string, files: Files): Promise<string> {
  try {
    const { size, isFile } = await files.stat(path);
    if (!isFile) throw new Error('it is not a file');
    const file = await files.open(path, 'read');
    try {
      const bytes = Buffer.alloc(size);
      return bytes.subarray(0, await file.read(bytes, 0)).toString('utf8');
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new AgentError('database-credentials', `cannot read ${path}: ${reasonOf(cause)}`, {
      cause,
      hint: 'let the account that runs the export read it, and nobody else',
    });
  }
}
