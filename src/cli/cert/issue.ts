/** `cert issue`: makes a key and its certificate for one side, signed by our own CA or self-signed. */
import { Command } from 'commander';
import { type KeyChoice, writeKey } from '../../pki/files/keys.js';
import { installFiles, MODE } from '../../pki/files/store.js';
import { pemOf } from '../../pki/inspect.js';
import { createLeaf, LEAF_DAYS } from '../../pki/x509/authority.js';
import { alternativeNames } from '../../pki/x509/extensions.js';
import { parseName } from '../../pki/x509/name.js';
import type { Io } from '../io.js';
import { COMMAND } from '../voice.js';
import { readAuthority } from './files.js';
import {
  addNames,
  addPurposes,
  addSigning,
  daysOption,
  forceOption,
  jsonOption,
  keyTypeOption,
  type NameOptions,
  namesOr,
  ownerOf,
  ownerOption,
  type PurposeOptions,
  purposesOf,
  type SigningOptions,
} from './options.js';
import { say, tellMade, working } from './output.js';
import { newPassphrase } from './passphrase.js';

interface IssueOptions extends NameOptions, PurposeOptions, SigningOptions {
  readonly subject: string;
  readonly selfSigned: boolean;
  readonly out: string;
  readonly keyOut: string;
  readonly combined?: string;
  readonly encrypt: boolean;
  readonly passphraseFile?: string;
  readonly keyType: KeyChoice;
  readonly days: number;
  readonly owner?: string;
  readonly force: boolean;
  readonly json: boolean;
}

export function issueCommand(io: Io): Command {
  const command = new Command('issue')
    .description('make a key and its certificate, signed by your own CA')
    .requiredOption('--subject <name>', 'subject name: /C=US/CN=openemr@localhost or CN=openemr@localhost,C=US')
    .option('--self-signed', 'self-signed, for a collector that checks its fingerprint', false)
    .option('--out <file>', 'the certificate', 'openemrcert.pem')
    .option('--key-out <file>', 'its key', 'openemr.key')
    .option('--combined <file>', 'also write certificate and key into one file, as PHP needs it')
    .option('--encrypt', 'encrypt the key with a passphrase', false)
    .option('--passphrase-file <file>', 'file with the passphrase of the new key (implies --encrypt)')
    .addOption(keyTypeOption())
    .addOption(daysOption(LEAF_DAYS))
    .addOption(ownerOption())
    .addOption(forceOption())
    .addOption(jsonOption())
    .action((options: IssueOptions) => issue(io, options));
  return addSigning(addPurposes(addNames(command)));
}

async function issue(io: Io, options: IssueOptions): Promise<void> {
  const nowMs = Date.now();
  const subject = parseName(options.subject);
  const names = namesOr(io, alternativeNames(options), subject);
  const owner = await ownerOf(options.owner);
  const encrypted = options.encrypt || options.passphraseFile !== undefined;
  const authority = options.selfSigned ? 'self' : await readAuthority(io, options);
  const passphrase = encrypted ? await newPassphrase(io, options.passphraseFile, options.keyOut) : undefined;
  const made = await working(io, `Making an ${options.keyType} key`, () =>
    createLeaf({
      authority,
      subject,
      names,
      purposes: purposesOf(options),
      nowMs,
      days: options.days,
      key: options.keyType,
      ...(options.serial === undefined ? {} : { serial: options.serial }),
    }),
  );
  const cert = pemOf(made.certificate);
  const key = writeKey(made.key, passphrase);
  await installFiles(
    [
      { path: options.out, content: cert, mode: MODE.certificate },
      { path: options.keyOut, content: key, mode: MODE.key },
      ...(options.combined === undefined ? [] : [{ path: options.combined, content: cert + key, mode: MODE.key }]),
    ],
    { force: options.force, owner },
  );
  tellMade(io, options, options.out, made.certificate, nowMs);
  const verify = ` --ca ${options.selfSigned ? options.out : options.ca}`;
  const purpose = purposesOf(options).client ? 'client' : 'server';
  say(
    io,
    '',
    `Its key is ${options.keyOut}; ${options.owner === undefined ? 'only its owner' : `only ${options.owner}`} can read it${
      options.combined !== undefined && options.owner === undefined && process.getuid?.() === 0
        ? '. If PHP is to read it, give --owner www-data.'
        : '.'
    }`,
    `Next: ${COMMAND} cert verify --purpose ${purpose} --cert ${options.out} --key ${options.keyOut}${verify}`,
  );
}
