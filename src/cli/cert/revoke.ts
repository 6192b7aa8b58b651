/** `cert revoke`: our authority's revocation list, one entry longer or just renewed. */
import { Command, Option } from 'commander';
import { AgentError } from '../../lib/errors.js';
import { installFiles, MODE } from '../../pki/files/store.js';
import { factsOf, pemOfLists } from '../../pki/inspect.js';
import type { Authority } from '../../pki/x509/authority.js';
import { readFields } from '../../pki/x509/certificate.js';
import { issued, listOf } from '../../pki/x509/chain.js';
import {
  createRevocationList,
  REASONS,
  type Revoked,
  readRevocationList,
  serialText,
} from '../../pki/x509/revocation.js';
import type { Io } from '../io.js';
import { UsageError } from '../usage-error.js';
import { readAuthority, readLeaf, readLists } from './files.js';
import { addAuthority, daysOption, jsonOption } from './options.js';
import { describe, print, printJson, say } from './output.js';
import { oldPassphrase } from './passphrase.js';

interface RevokeOptions {
  readonly ca: string;
  readonly caKey: string;
  readonly caPassphraseFile?: string;
  readonly serial: string[];
  readonly reason: string;
  readonly crl: string;
  readonly days: number;
  readonly json: boolean;
}

const LIST_DAYS = 30;

export function revokeCommand(io: Io): Command {
  const command = new Command('revoke')
    .description('revoke certificates of our authority; without any, make its revocation list anew')
    .argument('[certificates...]', 'files of the certificates')
    .option(
      '--serial <hex>',
      'a serial number, where the certificate is not at hand; any number of times',
      addSerial,
      [],
    )
    .addOption(new Option('--reason <word>', 'why').choices(Object.keys(REASONS)).default('unspecified'))
    .option('--crl <file>', 'the revocation list; it is read, and replaced by the next one', 'crl.pem')
    .addOption(daysOption(LIST_DAYS))
    .addOption(jsonOption())
    .action((files: string[], options: RevokeOptions) => revoke(io, files, options));
  return addAuthority(command);
}

async function revoke(io: Io, files: readonly string[], options: RevokeOptions): Promise<void> {
  const nowMs = Date.now();
  const ask = oldPassphrase(io, options.caPassphraseFile, `the authority's key (${options.caKey})`);
  const authority = await readAuthority(options.ca, options.caKey, ask);
  const lists = await readLists(options.crl);
  const before = listOf(authority.certificate, lists, nowMs);
  if (before.state === 'list-forged') {
    throw new AgentError(
      'crl-forged',
      `the list in ${options.crl} bears the name of ${options.ca} but not its signature`,
      {
        hint: 'restore the right list: starting afresh would un-revoke what it revokes',
      },
    );
  }
  const old = 'list' in before ? before.list : undefined;
  const serials = [...options.serial, ...(await Promise.all(files.map((file) => serialOf(file, authority))))];
  const revoked = merge(old?.revoked ?? [], serials, options.reason, nowMs);
  const der = createRevocationList({ authority, revoked, number: (old?.number ?? 0) + 1, nowMs, days: options.days });
  const others = lists.filter(
    (list) => list !== old && !list.issuer.raw.equals(readFields(authority.certificate).subject.raw),
  );
  const content = pemOfLists([{ der }, ...others]);
  await installFiles([{ path: options.crl, content, mode: MODE.certificate }], { force: true });
  const facts = factsOf({ kind: 'revocation-list', list: readRevocationList(der) }, nowMs);
  if (options.json) printJson(io, { file: options.crl, ...facts });
  else print(io, `${options.crl}\n${describe(facts)}`);
  say(
    io,
    '',
    `Bring ${options.crl} to both sides (tls.crl in the configuration). After ${options.days} days it refuses everybody:`,
    'make it anew before, with the same command and no certificate.',
  );
}

async function serialOf(file: string, { certificate }: Authority): Promise<string> {
  const leaf = await readLeaf(file);
  if (issued(certificate, leaf)) return serialText(readFields(leaf).serial);
  throw new AgentError('not-ours', `${file} was not signed by this authority, so it cannot revoke it`, {
    hint: 'ask the authority that its issuer names (cert show)',
  });
}

/** An entry stays as it was first made: when a certificate was revoked is part of the evidence. */
function merge(old: readonly Revoked[], serials: readonly string[], reason: string, nowMs: number): Revoked[] {
  const known = new Set(old.map(({ serial }) => serial));
  const at = new Date(Math.floor(nowMs / 1000) * 1000);
  return [
    ...old,
    ...[...new Set(serials)].filter((serial) => !known.has(serial)).map((serial) => ({ serial, at, reason })),
  ];
}

function addSerial(text: string, list: string[]): string[] {
  const hex = text.replaceAll(/^0x|:/gi, '').toUpperCase();
  if (!/^[0-9A-F]{1,40}$/.test(hex)) {
    throw new UsageError(`${JSON.stringify(text)} is not a serial number in hexadecimal`, {
      hint: 'as cert show prints it',
    });
  }
  const whole = hex.padStart(hex.length + (hex.length % 2), '0');
  return [...list, serialText(Buffer.from(whole, 'hex'))];
}
