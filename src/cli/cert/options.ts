/** The options that several `cert` commands share, and how their values are read. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { AgentError, reasonOf } from '../../lib/errors.js';
import { DEFAULT_KEY, KEY_CHOICES } from '../../pki/files/keys.js';
import type { Owner } from '../../pki/files/store.js';
import type { Purposes } from '../../pki/x509/extensions.js';

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

export interface PurposeOptions {
  readonly client?: boolean;
  readonly server?: boolean;
}

export function addPurposes(command: Command): Command {
  return command
    .option('--client', 'for the side that sends: OpenEMR, this agent (this is the default)')
    .option('--server', 'for the side that collects');
}

export function purposesOf({ client = false, server = false }: PurposeOptions): Purposes {
  return { client: client || !server, server };
}

export interface SigningOptions {
  readonly ca: string;
  readonly caKey: string;
  readonly caPassphraseFile?: string;
  readonly serial?: Buffer;
}

export function addSigning(command: Command): Command {
  return addAuthority(command).option('--serial <number>', 'serial number, instead of a random one', serial);
}

export function addAuthority(command: Command): Command {
  return command
    .option('--ca <file>', "the authority's certificate", 'cacert.pem')
    .option('--ca-key <file>', "the authority's key", 'cakey.pem')
    .option('--ca-passphrase-file <file>', "file with the passphrase of the authority's key");
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

/** Decimal, or hexadecimal after 0x; positive and at most 20 octets (RFC 5280 section 4.1.2.2). */
function serial(text: string): Buffer {
  const number = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? BigInt(text) : 0n;
  const hex = number.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  if (number > 0n && number < 1n << 159n) return bytes;
  throw new InvalidArgumentError('A positive number of at most 20 octets is expected, such as 10 or 0x2F.');
}

function days(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 36_525) {
    throw new InvalidArgumentError('A whole number of days between 1 and 36525 is expected.');
  }
  return number;
}
