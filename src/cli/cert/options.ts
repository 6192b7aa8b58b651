/** The options that several `cert` commands share, and how their values are read. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { AgentError, reasonOf } from '../../lib/errors.js';
import { DEFAULT_KEY, KEY_CHOICES, type KeyChoice } from '../../pki/keys.js';
import type { Owner } from '../../pki/store.js';

/** `--dns --ip --email`, each any number of times. */
export interface NameOptions {
  readonly dns: string[];
  readonly ip: string[];
  readonly email: string[];
}

export function addNames(command: Command): Command {
  return command
    .option('--dns <name>', 'host name in the certificate; any number of times', append, [])
    .option('--ip <address>', 'IPv4 or IPv6 address in the certificate; any number of times', append, [])
    .option('--email <mailbox>', 'mail address in the certificate; any number of times', append, []);
}

export interface KeyOptions {
  readonly keyType: KeyChoice;
}

export function keyTypeOption(): Option {
  return new Option('--key-type <kind>', 'kind of key to make').choices(KEY_CHOICES).default(DEFAULT_KEY);
}

export function daysOption(byDefault: number): Option {
  return new Option('--days <n>', 'days of validity').argParser(days).default(byDefault);
}

export function forceOption(): Option {
  return new Option('--force', 'replace files that exist').default(false);
}

export function jsonOption(): Option {
  return new Option('--json', 'print the result as JSON').default(false);
}

export function ownerOption(): Option {
  return new Option('--owner <user>', 'who the new files belong to (default: as the replaced file, or the directory)');
}

export function append(value: string, list: string[]): string[] {
  return [...list, value];
}

/** User and primary group as the system knows them, LDAP and all: `id` asks it. */
export async function ownerOf(user: string | undefined): Promise<Owner | undefined> {
  if (user === undefined) return undefined;
  try {
    const ask = async (flag: string) => Number((await promisify(execFile)('id', [flag, '--', user])).stdout);
    return { uid: await ask('-u'), gid: await ask('-g') };
  } catch (cause) {
    throw new AgentError('unknown-user', `there is no user ${JSON.stringify(user)} here: ${reasonOf(cause)}`, {
      cause,
      hint: 'give --owner the user that the agent runs as',
    });
  }
}

function days(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 36_525) {
    throw new InvalidArgumentError('A whole number of days between 1 and 36525 is expected.');
  }
  return number;
}
