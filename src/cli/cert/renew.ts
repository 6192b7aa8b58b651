/** `cert renew`: makes a new certificate for the same names and installs it; the old one stays beside it. */
import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { Command, InvalidArgumentError } from 'commander';
import { AgentError } from '../../lib/errors.js';
import { choiceLike, KEY_CHOICES, type KeyChoice, type KeyPair, makeKeyPair, writeKey } from '../../pki/files/keys.js';
import { writePem } from '../../pki/files/pem.js';
import { installFiles, MODE } from '../../pki/files/store.js';
import { examine } from '../../pki/findings.js';
import { type CertificateFacts, certificateFacts, pemOf } from '../../pki/inspect.js';
import { issueLeaf, LEAF_DAYS } from '../../pki/x509/authority.js';
import { readFields } from '../../pki/x509/certificate.js';
import { buildChain, leafOf } from '../../pki/x509/chain.js';
import type { AlternativeNames } from '../../pki/x509/extensions.js';
import { type DistinguishedName, nameFromDer } from '../../pki/x509/name.js';
import { createRequest } from '../../pki/x509/request.js';
import { namesIn, purposesIn } from '../../pki/x509/usages.js';
import type { Io } from '../io.js';
import { COMMAND } from '../voice.js';
import { endpoint, rulesOf, visit } from './collector.js';
import { readAuthority, readCertificates, readKey } from './files.js';
import { daysOption, forceOption, jsonOption, ownerOf, ownerOption } from './options.js';
import { print, say, tellMade, working } from './output.js';
import {
  accept,
  addPlaces,
  completeInstallations,
  installPair,
  type PlaceOptions,
  type Places,
  placesOf,
  refusePkcs12,
  TAKEN_OVER,
} from './own-files.js';
import { oldPassphrase } from './passphrase.js';

interface RenewOptions extends PlaceOptions {
  readonly request?: string;
  readonly caKey?: string;
  readonly caPassphraseFile?: string;
  readonly passphraseFile?: string;
  readonly sameKey: boolean;
  readonly keyType?: KeyChoice;
  readonly days: number;
  readonly host?: { readonly host: string; readonly port: number };
  readonly owner?: string;
  readonly force: boolean;
  readonly json: boolean;
}

/** What is renewed, and the key for what comes. */
interface Renewal {
  readonly old: X509Certificate;
  readonly facts: CertificateFacts;
  readonly subject: DistinguishedName;
  readonly pair: KeyPair;
  readonly passphrase: string | undefined;
}

export function renewCommand(io: Io): Command {
  const command = new Command('renew')
    .description(
      'renew the certificate: your own CA signs a new one for the same names, or a request goes to the exchange',
    )
    .option('--request <file>', 'write a request to send to the CA; then "cert import" its answer')
    .option('--ca-key <file>', 'key of your own CA: sign and install at once')
    .option('--ca-passphrase-file <file>', "file with the passphrase of the CA's key")
    .option('--passphrase-file <file>', "file with the passphrase of the certificate's key")
    .option('--same-key', 'keep the key (default: make a new one of the same kind)', false)
    .option('--key-type <kind>', `another type of key: ${KEY_CHOICES.join(', ')}`, keyChoice)
    .option('--host <host:port>', 'connect to this collector with it first; install it only if that works', endpoint)
    .addOption(daysOption(LEAF_DAYS))
    .addOption(ownerOption())
    .addOption(forceOption())
    .addOption(jsonOption())
    .action((options: RenewOptions, command: Command) => renew(io, options, command));
  return addPlaces(command);
}

async function renew(io: Io, options: RenewOptions, command: Command): Promise<void> {
  const places = await placesOf(options, command, io);
  refusePkcs12(places);
  completeInstallations(places);
  const renewal = await prepare(io, places, options);
  if (options.request !== undefined) return writeRequest(io, options.request, places, renewal, options);
  if (options.caKey !== undefined) return reissue(io, options.caKey, places, renewal, options);
  throw new AgentError(
    'no-authority',
    `cannot tell who signs the new certificate; ${renewal.facts.issuer} signed the old one`,
    {
      hint: `if that is your own CA, give its key: --ca-key FILE; otherwise make a request: --request FILE, send it, and install the answer: ${COMMAND} cert import ANSWER`,
    },
  );
}

async function prepare(io: Io, places: Places, options: RenewOptions): Promise<Renewal> {
  let passphrase: string | undefined;
  const find = oldPassphrase(io, options.passphraseFile ?? places.passphraseFile, `the key (${places.key})`);
  const oldKey = await readKey(places.key, async () => {
    passphrase = await find();
    return passphrase;
  });
  const certificates = await readCertificates(places.cert);
  const old = leafOf(certificates, [oldKey])!;
  const choice = options.keyType ?? choiceLike(oldKey);
  const pair = options.sameKey
    ? { privateKey: oldKey, publicKey: createPublicKey(oldKey) }
    : await working(io, `Making an ${choice} key`, () => makeKeyPair(choice));
  return {
    old,
    facts: certificateFacts(old, Date.now()),
    subject: nameFromDer(readFields(old).subject),
    pair,
    passphrase,
  };
}

async function writeRequest(
  io: Io,
  path: string,
  places: Places,
  renewal: Renewal,
  options: RenewOptions,
): Promise<void> {
  const { subject, facts, pair, passphrase } = renewal;
  const der = createRequest({ subject, names: namesOf(facts), purposes: purposesIn(facts.extendedKeyUsage), pair });
  const newKey = `${places.key}.new`;
  const keyFile = { path: newKey, content: writeKey(pair.privateKey, passphrase), mode: MODE.key };
  const files = [
    ...(options.sameKey ? [] : [keyFile]),
    { path, content: writePem('CERTIFICATE REQUEST', der), mode: MODE.certificate },
  ];
  await installFiles(files, { force: options.force, owner: await ownerOf(options.owner) });
  print(io, path);
  say(
    io,
    `Send it to ${facts.issuer}. The old certificate stays in use until then (it expires on ${facts.notAfter.slice(0, 10)}).`,
    ...(options.sameKey ? [] : [`The new key is ${newKey}; cert import finds it there.`]),
    `When the answer is here: ${COMMAND} cert import ANSWER… --dir ${places.directory}`,
  );
}

async function reissue(io: Io, caKey: string, places: Places, renewal: Renewal, options: RenewOptions): Promise<void> {
  const nowMs = Date.now();
  const { subject, facts, pair, passphrase } = renewal;
  const authority = await readAuthority(io, { ...options, ca: places.ca, caKey });
  const leaf = issueLeaf(
    {
      authority,
      subject,
      names: namesOf(facts),
      purposes: purposesIn(facts.extendedKeyUsage),
      nowMs,
      days: options.days,
    },
    pair.publicKey,
  );
  const chain = buildChain(leaf, [], [authority.certificate]);
  const purpose = purposesIn(facts.extendedKeyUsage).client ? 'client' : 'server';
  accept(io, examine({ chain, key: pair.privateKey, purpose, revocationLists: [], nowMs }));
  if (options.host !== undefined) await tryOut(io, options.host, places, leaf, pair.privateKey, nowMs);
  const owner = await ownerOf(options.owner);
  const keep = { owner, nowMs, ask: async () => passphrase };
  const { kept } = await installPair(places, { chain: [leaf], key: pair.privateKey, passphrase }, keep);
  tellMade(io, options, places.cert, leaf, nowMs);
  say(
    io,
    '',
    ...kept.map((path) => `The old one is kept as ${path}; it is valid until ${facts.notAfter.slice(0, 10)}.`),
  );
  say(
    io,
    'If the collector checks our fingerprint, give its operator the new one before the agent reconnects.',
    TAKEN_OVER,
    `Next: ${COMMAND} cert verify --dir ${places.directory} --host COLLECTOR:6514`,
  );
}

/** Connects to the collector with the new pair before anything is installed. */
async function tryOut(
  io: Io,
  target: { readonly host: string; readonly port: number },
  places: Places,
  leaf: X509Certificate,
  key: KeyObject,
  nowMs: number,
): Promise<void> {
  const ca = (await readCertificates(places.ca)).map(pemOf);
  const rules = rulesOf(places.policy, undefined);
  const { findings } = await visit(target, rules, { ca, cert: pemOf(leaf), key: writeKey(key) }, nowMs, io.signal);
  accept(io, findings);
  say(io, `${target.host}:${target.port} accepts it.`);
}

function namesOf({ subjectAltName, subject }: CertificateFacts): AlternativeNames {
  const names = namesIn(subjectAltName);
  if (names.dns.length + names.ip.length + names.email.length > 0) return names;
  throw new AgentError('no-name', `the certificate of ${subject} has no subject alternative name to renew it for`, {
    hint: 'make a new one with names: cert issue or cert request, with --dns',
  });
}

function keyChoice(text: string): KeyChoice {
  const choice = KEY_CHOICES.find((each) => each === text);
  if (choice !== undefined) return choice;
  throw new InvalidArgumentError(`One of these is expected: ${KEY_CHOICES.join(', ')}.`);
}
