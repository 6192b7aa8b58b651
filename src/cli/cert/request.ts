/** `cert request`: makes a certificate request for the exchange's CA; the key never leaves this host. */
import { createPublicKey } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { Command } from 'commander';
import { type KeyChoice, type KeyPair, makeKeyPair, writeKey } from '../../pki/files/keys.js';
import { writePem } from '../../pki/files/pem.js';
import { installFiles, MODE } from '../../pki/files/store.js';
import { requestFacts } from '../../pki/inspect.js';
import { alternativeNames } from '../../pki/x509/extensions.js';
import { parseName } from '../../pki/x509/name.js';
import { createRequest, readRequest } from '../../pki/x509/request.js';
import type { Io } from '../io.js';
import { COMMAND } from '../voice.js';
import { readKey } from './files.js';
import {
  addNames,
  addPurposes,
  forceOption,
  keyTypeOption,
  type NameOptions,
  namesOr,
  ownerOf,
  ownerOption,
  type PurposeOptions,
  purposesOf,
} from './options.js';
import { describe, print, printJson, say, working } from './output.js';
import { newPassphrase, oldPassphrase } from './passphrase.js';

interface Given extends NameOptions, PurposeOptions {
  readonly subject: string;
  readonly dir: string;
  readonly out?: string;
  readonly key?: string;
  readonly keyOut?: string;
  readonly encrypt: boolean;
  readonly passphraseFile?: string;
  readonly keyType: KeyChoice;
  readonly owner?: string;
  readonly force: boolean;
  readonly json: boolean;
}

interface RequestOptions extends Given {
  readonly out: string;
  readonly keyOut: string;
}

export function requestCommand(io: Io): Command {
  const command = new Command('request')
    .description('make a key and a certificate request (PKCS#10) to send to a CA')
    .requiredOption(
      '--subject <name>',
      'subject name that the exchange requires, such as /C=US/O=My Clinic/CN=emr.clinic.example',
    )
    .option('--dir <dir>', 'directory for both files', '.')
    .option('--out <file>', 'the request to send to the CA (default: openemr.csr there)')
    .option('--key <file>', 'use this key instead of a new one')
    .option('--key-out <file>', 'the new key; it stays on this machine (default: openemr.key there)')
    .option('--encrypt', 'encrypt the new key with a passphrase', false)
    .option('--passphrase-file <file>', 'file with the passphrase of the key (implies --encrypt)')
    .addOption(keyTypeOption())
    .addOption(ownerOption())
    .addOption(forceOption())
    .option('--json', 'print the request as JSON', false)
    .action((options: Given) => request(io, placed(options)));
  return addPurposes(addNames(command));
}

function placed(given: Given): RequestOptions {
  const { dir, out = join(dir, 'openemr.csr'), keyOut = join(dir, 'openemr.key') } = given;
  return { ...given, out, keyOut };
}

/** The options by which `import` finds the key, and puts the certificate beside it. */
function placeOf({ dir, key, keyOut }: RequestOptions): string {
  const path = key ?? keyOut;
  const beside = `--dir ${dirname(path) === '.' ? dir : dirname(path)}`;
  return basename(path) === 'openemr.key' ? beside : `${beside} --key ${path}`;
}

async function request(io: Io, options: RequestOptions): Promise<void> {
  const subject = parseName(options.subject);
  const names = namesOr(io, alternativeNames(options), subject);
  const owner = await ownerOf(options.owner);
  const { pair, keyText } = await (options.key === undefined
    ? makeKey(io, options)
    : existing(io, options.key, options));
  const der = createRequest({ subject, names, purposes: purposesOf(options), pair });
  const text = writePem('CERTIFICATE REQUEST', der);
  await installFiles(
    [
      ...(keyText === undefined ? [] : [{ path: options.keyOut, content: keyText, mode: MODE.key }]),
      { path: options.out, content: text, mode: MODE.certificate },
    ],
    { force: options.force, owner },
  );
  const facts = requestFacts(readRequest(der));
  if (options.json) printJson(io, { file: options.out, keyFile: options.key ?? options.keyOut, ...facts });
  else print(io, `${options.out}\n${describe(facts)}\n${text}`);
  say(
    io,
    '',
    `Send ${options.out} to the CA, or paste it into the enrolment page.`,
    `Do not send the key, ${options.key ?? options.keyOut}.`,
    `When the certificate is back: ${COMMAND} cert import ANSWER… ${placeOf(options)}`,
  );
}

async function makeKey(io: Io, options: RequestOptions): Promise<{ pair: KeyPair; keyText: string | undefined }> {
  const encrypted = options.encrypt || options.passphraseFile !== undefined;
  const passphrase = encrypted ? await newPassphrase(io, options.passphraseFile, options.keyOut) : undefined;
  const pair = await working(io, `Making an ${options.keyType} key`, () => makeKeyPair(options.keyType));
  return { pair, keyText: writeKey(pair.privateKey, passphrase) };
}

async function existing(io: Io, path: string, options: RequestOptions): Promise<{ pair: KeyPair; keyText: undefined }> {
  const privateKey = await readKey(path, oldPassphrase(io, options.passphraseFile, `the key (${path})`));
  return { pair: { privateKey, publicKey: createPublicKey(privateKey) }, keyText: undefined };
}
