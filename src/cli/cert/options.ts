/** Defines the options that several `cert` commands share, and reads their values. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { AgentError } from '../../lib/errors.js';
import { DEFAULT_KEY, KEY_CHOICES } from '../../pki/files/keys.js';
import type { Owner } from '../../pki/files/store.js';
import { type AlternativeNames, alternativeNames, asHostName, type Purposes } from '../../pki/x509/extensions.js';
import { commonName, type DistinguishedName } from '../../pki/x509/name.js';
import type { Io } from '../io.js';
import type { AuthorityFiles } from './files.js';
import { say } from './output.js';

/** `--dns --ip --email`, each any number of times. */
export interface NameOptions {
  readonly dns: string[];
  readonly ip: string[];
  readonly email: string[];
}

export function addNames(command: Command): Command {
  return command
    .option('--dns <name>', 'host name in the certificate; may be repeated', append, [])
    .option('--ip <address>', 'IPv4 or IPv6 address in the certificate; may be repeated', append, [])
    .option('--email <mailbox>', 'mail address in the certificate; may be repeated', append, []);
}

/** The names to put into a certificate, which needs at least one: that of the subject when no other is given. */
export function namesOr(io: Io, names: AlternativeNames, subject: DistinguishedName): AlternativeNames {
  if (names.dns.length + names.ip.length + names.email.length > 0) return names;
  const common = commonName(subject) ?? '';
  const host = asHostName(common);
  const derived = alternativeNames({
    email: common.includes('@') ? [common] : [],
    dns: host === undefined ? [] : [host],
  });
  if (derived.email.length + derived.dns.length > 0) {
    say(io, `No --dns, --ip or --email given: the certificate is for the name in its subject, ${common}.`);
  }
  return derived;
}

export interface PurposeOptions {
  readonly client?: boolean;
  readonly server?: boolean;
}

export function addPurposes(command: Command): Command {
  return command
    .option('--client', 'for TLS clients: OpenEMR, this agent (default)')
    .option('--server', 'for TLS servers: the collector');
}

export function purposesOf({ client = false, server = false }: PurposeOptions): Purposes {
  return { client: client || !server, server };
}

export interface SigningOptions extends AuthorityFiles {
  readonly serial?: Buffer;
}

export function addSigning(command: Command): Command {
  return addAuthority(command).option('--serial <number>', 'serial number (default: random)', serial);
}

export function addAuthority(command: Command): Command {
  return command
    .option('--ca <file>', 'certificate of the CA', 'cacert.pem')
    .option('--ca-key <file>', 'key of the CA', 'cakey.pem')
    .option('--ca-passphrase-file <file>', "file with the passphrase of the CA's key");
}

export function keyTypeOption(): Option {
  return new Option('--key-type <kind>', 'type of the new key').choices(KEY_CHOICES).default(DEFAULT_KEY);
}

export function daysOption(byDefault: number): Option {
  return new Option('--days <n>', 'days of validity').argParser(days).default(byDefault);
}

export function forceOption(): Option {
  return new Option('--force', 'overwrite existing files').default(false);
}

export function jsonOption(): Option {
  return new Option('--json', 'print the result as JSON').default(false);
}

export function ownerOption(): Option {
  return new Option(
    '--owner <user[:group]>',
    'who owns the new files; with a group, its members can read the key too (default: owner of the replaced file, or of the directory)',
  );
}

export function append(value: string, list: string[]): string[] {
  return [...list, value];
}

/** `USER` with its primary group, or `USER:GROUP`, as the system knows them, LDAP and all: `id` and `getent` ask it. */
export async function ownerOf(text: string | undefined): Promise<Owner | undefined> {
  if (text === undefined) return undefined;
  const [user = '', group] = text.split(':');
  const ask = async (command: string, ...args: string[]) => (await promisify(execFile)(command, args)).stdout;
  let owner: Owner;
  try {
    const uid = Number(await ask('id', '-u', '--', user));
    // root:x:0:
    owner =
      group === undefined
        ? { uid, gid: Number(await ask('id', '-g', '--', user)) }
        : { uid, gid: Number((await ask('getent', 'group', group)).split(':')[2]), forGroup: true };
  } catch (cause) {
    throw new AgentError('unknown-user', `this machine has no such user or group: ${JSON.stringify(text)}`, {
      cause,
      hint: 'give --owner the user that reads the files, such as openemr-audit, or www-data for PHP',
    });
  }
  const self = process.getuid?.();
  if (self === 0 || self === owner.uid) return owner;
  throw new AgentError('not-root', `only root can give files to ${user}`, {
    hint: 'run the command as root (sudo), or without --owner as the user that reads the files',
  });
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
