/** `cert init [DIR]`: makes a CA and the certificates of collector and agent in one step, for a test. */
import type { X509Certificate } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { type KeyChoice, writeKey } from '../../pki/files/keys.js';
import { installFiles, MODE, type NewFile, type Owner, prepareDirectory } from '../../pki/files/store.js';
import { fingerprintsOf, pemOf } from '../../pki/inspect.js';
import { AUTHORITY_DAYS, createAuthority, createLeaf, LEAF_DAYS } from '../../pki/x509/authority.js';
import { alternativeNames, asHostName } from '../../pki/x509/extensions.js';
import { parseName } from '../../pki/x509/name.js';
import type { Io } from '../io.js';
import { COMMAND } from '../voice.js';
import { append, daysOption, forceOption, jsonOption, keyTypeOption, ownerOf } from './options.js';
import { print, printJson, say, untilText, working } from './output.js';
import { COLLECTOR_KINDS, type CollectorKind, RECIPES, steps } from './recipe.js';

interface InitOptions {
  readonly dns: string[];
  readonly ip: string[];
  readonly collector?: CollectorKind;
  readonly keyType: KeyChoice;
  readonly days: number;
  readonly owner?: string;
  readonly force: boolean;
  readonly json: boolean;
}

const CERTIFICATES = [
  { name: 'authority', file: 'cacert.pem', who: 'CA certificate, for both sides' },
  { name: 'collector', file: 'hiecert.pem', who: 'certificate of the collector (HIE)' },
  { name: 'agent', file: 'openemrcert.pem', who: 'certificate of OpenEMR (this agent)' },
] as const;

export function initCommand(io: Io): Command {
  return new Command('init')
    .description('make a test CA, and certificates for the collector and the agent')
    .argument('[dir]', 'directory for the files', '.')
    .option('--dns <name>', 'another host name of the collector; may be repeated', append, [])
    .option('--ip <address>', 'another address of the collector; may be repeated', append, [])
    .addOption(
      new Option('--collector <program>', 'also write the configuration of a real collector').choices(COLLECTOR_KINDS),
    )
    .addOption(keyTypeOption())
    .addOption(daysOption(LEAF_DAYS))
    .option(
      '--owner <user[:group]>',
      "who owns OpenEMR's files, such as www-data for PHP (default: owner of the directory)",
    )
    .addOption(forceOption())
    .addOption(jsonOption())
    .action((directory: string, options: InitOptions) => init(io, directory, options));
}

async function init(io: Io, directory: string, options: InitOptions): Promise<void> {
  const nowMs = Date.now();
  const owner = await ownerOf(options.owner);
  await prepareDirectory(directory, owner !== undefined);
  const made = await working(io, `Making three ${options.keyType} keys and certificates`, () => make(options, nowMs));
  const { collector } = options;
  const recipe = collector === undefined ? [] : [recipeFile(collector, made.agentName, directory)];
  await installFiles([...filesOf(made, directory, owner), ...recipe], { force: options.force });
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
    'Keys: cakey.pem, hie.key, openemr.key. For PHP, openemrcertkey.pem has the',
    'certificate and the key in one file.',
    ...readersOf(options.owner),
    'These files are for testing. In production the exchange signs your certificate:',
    `  ${COMMAND} cert request --help`,
    '',
    ...(collector === undefined ? tryHere(directory) : steps(collector, directory, [...options.dns, ...options.ip])),
  );
}

function tryHere(directory: string): string[] {
  return [
    'Next, in two terminals:',
    `  ${COMMAND} listen --cert ${join(directory, 'hiecert.pem')} \\`,
    `    --key ${join(directory, 'hie.key')} --ca ${join(directory, 'cacert.pem')}`,
    `  ${COMMAND} cert verify --dir ${directory} --host localhost:6514`,
  ];
}

function recipeFile(collector: CollectorKind, agentName: string, directory: string): NewFile {
  const { file, text } = RECIPES[collector];
  return { path: join(directory, file), content: text(agentName), mode: MODE.certificate };
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
  const agentName = asHostName(hostname()) ?? 'localhost';
  const agent = await createLeaf({
    ...common,
    authority,
    subject: parseName('/C=US/CN=openemr@localhost'),
    names: alternativeNames({ dns: [agentName], email: ['openemr@localhost'] }),
    purposes: { client: true, server: false },
  });
  return { authority, collector, agent, agentName };
}

/** Who can read the key of OpenEMR: PHP often runs as another user than the one who makes the files. */
function readersOf(owner: string | undefined): string[] {
  if (owner !== undefined) return [`openemr.key and openemrcertkey.pem belong to ${owner} and can be read there.`];
  if (process.getuid?.() !== 0) return [];
  return ['PHP cannot read root’s files: give --owner www-data if PHP is to use them.'];
}

function filesOf(
  { authority, collector, agent }: Awaited<ReturnType<typeof make>>,
  directory: string,
  owner: Owner | undefined,
): NewFile[] {
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
    ...[
      certificate('openemrcert.pem', agent.certificate),
      key('openemr.key', writeKey(agent.key)),
      key('openemrcertkey.pem', pemOf(agent.certificate) + writeKey(agent.key)),
    ].map((file) => ({ ...file, owner })),
  ];
}
