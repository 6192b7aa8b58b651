/** `cert revoke`: adds certificates to our CA's revocation list, or just renews the list. */
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
import { type AuthorityFiles, readAuthority, readLeaf, readLists } from './files.js';
import { addAuthority, daysOption, jsonOption } from './options.js';
import { describe, print, printJson, say } from './output.js';

interface RevokeOptions extends AuthorityFiles {
  readonly serial: string[];
  readonly reason: string;
  readonly crl: string;
  readonly days: number;
  readonly json: boolean;
}

const LIST_DAYS = 30;

export function revokeCommand(io: Io): Command {
  const command = new Command('revoke')
    .description('revoke certificates of your own CA; without any, renew its revocation list')
    .argument('[certificates...]', 'files of the certificates')
    .option('--serial <hex>', 'serial number of a certificate that you no longer have; may be repeated', addSerial, [])
    .addOption(new Option('--reason <word>', 'reason').choices(Object.keys(REASONS)).default('unspecified'))
    .option('--crl <file>', 'the revocation list to update; keep this file', 'crl.pem')
    .addOption(daysOption(LIST_DAYS))
    .addOption(jsonOption())
    .action((files: string[], options: RevokeOptions) => revoke(io, files, options));
  return addAuthority(command);
}

async function revoke(io: Io, files: readonly string[], options: RevokeOptions): Promise<void> {
  const nowMs = Date.now();
  const authority = await readAuthority(io, options);
  const lists = await readLists(options.crl);
  const before = listOf(authority.certificate, lists, nowMs);
  if (before.state === 'list-forged') {
    throw new AgentError(
      'crl-forged',
      `the list in ${options.crl} has the name of the CA in ${options.ca} but is not signed by it`,
      {
        hint: 'restore the right list from a backup: a new list would un-revoke all certificates of the old one',
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
    `Copy ${options.crl} to both sides (tls.crl in the configuration). It expires after ${options.days} days,`,
    'and an expired list refuses every certificate: renew it before, with the same command and no certificate.',
  );
}

async function serialOf(file: string, { certificate }: Authority): Promise<string> {
  const leaf = await readLeaf(file);
  if (issued(certificate, leaf)) return serialText(readFields(leaf).serial);
  throw new AgentError('not-ours', `${file} was not signed by this CA, so this CA cannot revoke it`, {
    hint: 'ask the CA that signed it: openemr-audit-forwarder cert show names its issuer',
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
