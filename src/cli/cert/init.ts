/** `cert init [DIR]`: the recipe of three certificates in one step, for a test of the whole way. */
import type { X509Certificate } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { type KeyChoice, writeKey } from '../../pki/files/keys.js';
import { installFiles, MODE, type NewFile, prepareDirectory } from '../../pki/files/store.js';
import { fingerprintsOf, pemOf } from '../../pki/inspect.js';
import { AUTHORITY_DAYS, createAuthority, createLeaf, LEAF_DAYS } from '../../pki/x509/authority.js';
import { alternativeNames, asHostName } from '../../pki/x509/extensions.js';
import { parseName } from '../../pki/x509/name.js';
import type { Io } from '../io.js';
import { COMMAND } from '../voice.js';
import { append, daysOption, forceOption, jsonOption, keyTypeOption } from './options.js';
import { print, printJson, say, untilText, working } from './output.js';

interface InitOptions {
  readonly dns: string[];
  readonly ip: string[];
  readonly keyType: KeyChoice;
  readonly days: number;
  readonly force: boolean;
  readonly json: boolean;
}

const CERTIFICATES = [
  { name: 'authority', file: 'cacert.pem', who: 'the certificate authority, for both sides' },
  { name: 'collector', file: 'hiecert.pem', who: 'the collector (HIE)' },
  { name: 'agent', file: 'openemrcert.pem', who: 'OpenEMR, that is this agent' },
] as const;

export function initCommand(io: Io): Command {
  return new Command('init')
    .description('make an authority and the certificates of collector and agent, for a test')
    .argument('[dir]', 'where to', '.')
    .option('--dns <name>', 'further host name of the collector; any number of times', append, [])
    .option('--ip <address>', 'further address of the collector; any number of times', append, [])
    .addOption(keyTypeOption())
    .addOption(daysOption(LEAF_DAYS))
    .addOption(forceOption())
    .addOption(jsonOption())
    .action((directory: string, options: InitOptions) => init(io, directory, options));
}

async function init(io: Io, directory: string, options: InitOptions): Promise<void> {
  const nowMs = Date.now();
  await prepareDirectory(directory);
  const made = await working(io, `Making three ${options.keyType} keys and certificates`, () => make(options, nowMs));
  await installFiles(filesOf(made, directory), { force: options.force });
  const report = CERTIFICATES.map(({ name, file, who }) => ({
    name,
    who,
    file: join(directory, file),
    notAfter: new Date(made[name].certificate.validTo),
    ...fingerprintsOf(made[name].certificate),
  }));
  if (options.json) printJson(io, report);
  else
    for (const each of report)
      print(io, `${each.file}  ${each.who}\n  valid until ${untilText(each.notAfter, nowMs)}\n  ${each.sha256}`);
  say(
    io,
    '',
    `Their keys lie beside them: cakey.pem, hie.key, openemr.key; openemrcertkey.pem is certificate and key in one, for PHP.`,
    'They are for a test: in service the exchange signs the certificate (see "cert request").',
    '',
    'Next, in two terminals:',
    `  ${COMMAND} listen --cert ${join(directory, 'hiecert.pem')} --key ${join(directory, 'hie.key')} --ca ${join(directory, 'cacert.pem')}`,
    `  ${COMMAND} cert verify --cert ${join(directory, 'openemrcert.pem')} --key ${join(directory, 'openemr.key')} --ca ${join(directory, 'cacert.pem')} --host localhost:6514`,
  );
}

async function make(options: InitOptions, nowMs: number) {
  const { keyType: key, days } = options;
  const common = { nowMs, days, key };
  const authority = await createAuthority({
    subject: parseName('/C=US/CN=CertificateAuthority'),
    nowMs,
    key,
    days: Math.max(days, AUTHORITY_DAYS),
  });
  const collector = await createLeaf({
    ...common,
    authority,
    subject: parseName('/C=US/CN=hie@machine.com'),
    names: alternativeNames({
      dns: ['localhost', ...options.dns],
      ip: ['127.0.0.1', '::1', ...options.ip],
    }),
    purposes: { client: false, server: true },
  });
  const here = asHostName(hostname());
  const agent = await createLeaf({
    ...common,
    authority,
    subject: parseName('/C=US/CN=openemr@localhost'),
    names: alternativeNames({ dns: here === undefined ? ['localhost'] : [here], email: ['openemr@localhost'] }),
    purposes: { client: true, server: false },
  });
  return { authority, collector, agent };
}

function filesOf({ authority, collector, agent }: Awaited<ReturnType<typeof make>>, directory: string): NewFile[] {
  const certificate = (name: string, value: X509Certificate): NewFile => ({
    path: join(directory, name),
    content: pemOf(value),
    mode: MODE.certificate,
  });
  const key = (name: string, content: string, mode: number = MODE.key): NewFile => ({
    path: join(directory, name),
    content,
    mode,
  });
  return [
    certificate('cacert.pem', authority.certificate),
    key('cakey.pem', writeKey(authority.key), MODE.authorityKey),
    certificate('hiecert.pem', collector.certificate),
    key('hie.key', writeKey(collector.key)),
    certificate('openemrcert.pem', agent.certificate),
    key('openemr.key', writeKey(agent.key)),
    key('openemrcertkey.pem', pemOf(agent.certificate) + writeKey(agent.key)),
  ];
}
