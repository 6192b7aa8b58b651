/** `cert ca`: makes a certificate authority of your own, its key encrypted on request. */
import { Command } from 'commander';
import { type KeyChoice, writeKey } from '../../pki/files/keys.js';
import { installFiles, MODE } from '../../pki/files/store.js';
import { pemOf } from '../../pki/inspect.js';
import { AUTHORITY_DAYS, createAuthority } from '../../pki/x509/authority.js';
import { parseName } from '../../pki/x509/name.js';
import type { Io } from '../io.js';
import { COMMAND } from '../voice.js';
import { daysOption, forceOption, jsonOption, keyTypeOption } from './options.js';
import { say, tellMade, working } from './output.js';
import { newPassphrase } from './passphrase.js';

interface CaOptions {
  readonly subject: string;
  readonly out: string;
  readonly keyOut: string;
  readonly encrypt: boolean;
  readonly passphraseFile?: string;
  readonly keyType: KeyChoice;
  readonly days: number;
  readonly force: boolean;
  readonly json: boolean;
}

export function caCommand(io: Io): Command {
  return new Command('ca')
    .description('make a certificate authority (CA) of your own')
    .option('--subject <name>', 'name of the CA', '/C=US/CN=CertificateAuthority')
    .option('--out <file>', 'its certificate; both sides need it', 'cacert.pem')
    .option('--key-out <file>', 'its key; never give it away', 'cakey.pem')
    .option('--encrypt', 'encrypt the key with a passphrase', false)
    .option('--passphrase-file <file>', 'file with the passphrase (implies --encrypt)')
    .addOption(keyTypeOption())
    .addOption(daysOption(AUTHORITY_DAYS))
    .addOption(forceOption())
    .addOption(jsonOption())
    .action((options: CaOptions) => makeAuthority(io, options));
}

async function makeAuthority(io: Io, options: CaOptions): Promise<void> {
  const nowMs = Date.now();
  const subject = parseName(options.subject);
  const encrypted = options.encrypt || options.passphraseFile !== undefined;
  const passphrase = encrypted ? await newPassphrase(io, options.passphraseFile, "the authority's key") : undefined;
  const made = await working(io, `Making an ${options.keyType} key`, () =>
    createAuthority({ subject, nowMs, key: options.keyType, days: options.days }),
  );
  await installFiles(
    [
      { path: options.out, content: pemOf(made.certificate), mode: MODE.certificate },
      { path: options.keyOut, content: writeKey(made.key, passphrase), mode: MODE.authorityKey },
    ],
    { force: options.force },
  );
  tellMade(io, options, options.out, made.certificate, nowMs);
  say(
    io,
    '',
    `Its key is ${options.keyOut}${encrypted ? ', encrypted' : ''}. Anyone who has the key can make certificates that`,
    'both sides accept: move it off this machine and keep a copy.',
    '',
    'Next:',
    `  ${COMMAND} cert issue --server --dns hie.example.org --subject /C=US/CN=hie.example.org --out hiecert.pem --key-out hie.key`,
    `  ${COMMAND} cert issue --client --dns emr.clinic.example --subject /C=US/CN=openemr@localhost`,
  );
}
