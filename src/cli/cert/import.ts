/** `cert import`: checks and installs the certificate and chain that a CA sent back, in any form and order. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { AgentError } from '../../lib/errors.js';
import { certificatesIn, keysIn } from '../../pki/files/bundle.js';
import { MODE, type NewFile } from '../../pki/files/store.js';
import { examine, type Finding } from '../../pki/findings.js';
import { certificateFacts, pemOf } from '../../pki/inspect.js';
import { buildChain, type Chain, leafOf, withoutRoot } from '../../pki/x509/chain.js';
import type { Io } from '../io.js';
import { COMMAND } from '../voice.js';
import { readCertificates, readContents } from './files.js';
import { jsonOption, ownerOf, ownerOption } from './options.js';
import { say, tellMade } from './output.js';
import {
  accept,
  addPlaces,
  completeInstallations,
  ifPresent,
  installPair,
  type PlaceOptions,
  placesOf,
  refusePkcs12,
  TAKEN_OVER,
} from './own-files.js';
import { oldPassphrase } from './passphrase.js';

interface ImportOptions extends PlaceOptions {
  readonly passphraseFile?: string;
  readonly trust: boolean;
  readonly owner?: string;
  readonly json: boolean;
}

/** A key and how it was locked. */
interface Candidate {
  readonly path: string;
  readonly key: KeyObject;
  readonly passphrase: string | undefined;
}

export function importCommand(io: Io): Command {
  const command = new Command('import')
    .description('install the certificate and chain that the CA sent back (PEM, DER, PKCS#7 or PKCS#12)')
    .argument('<files...>', 'in any order')
    .option(
      '--trust',
      'also install the root CA in these files as the one that collectors are checked against (tls.ca)',
      false,
    )
    .option('--passphrase-file <file>', 'file with the passphrase of the key or the PKCS#12 file')
    .addOption(ownerOption())
    .addOption(jsonOption())
    .action((files: string[], options: ImportOptions, command: Command) => importFiles(io, files, options, command));
  return addPlaces(command);
}

async function importFiles(io: Io, files: readonly string[], options: ImportOptions, command: Command): Promise<void> {
  const nowMs = Date.now();
  const places = await placesOf(options, command, io);
  refusePkcs12(places);
  completeInstallations(places);
  const owner = await ownerOf(options.owner);
  const ask = oldPassphrase(io, options.passphraseFile ?? places.passphraseFile, 'the key');
  const given = await readAll(files, ask);
  const certificates = certificatesOf(given.certificates);
  const candidates = [...given.candidates, ...(await keysBeside(places.directory, places.key, ask))];
  const { leaf, candidate } = match(certificates, candidates);
  refuseAuthority(leaf);
  const trusted = ifPresent(places.ca, options.ca);
  const anchors = trusted === undefined || options.trust ? [] : await readCertificates(trusted);
  const roots = certificates.filter((each) => each.ca && each.checkIssued(each));
  const also = options.trust ? [anchorFile(roots, places.ca)] : [];
  const chain = buildChain(leaf, certificates, [...anchors, ...roots]);
  accept(io, [
    ...examine({ chain, key: candidate.key, purpose: 'client', revocationLists: [], nowMs }),
    completeness(chain, nowMs),
  ]);
  const { kept } = await installPair(
    places,
    { chain: withoutRoot(chain.certificates), ...candidate },
    { owner, nowMs, ask, also },
  );
  // "renew --request" left the key there; it has its place now.
  if (candidate.path === `${places.key}.new`) await rm(candidate.path);
  if (options.trust) {
    say(io, `${places.ca} now holds ${roots.map((root) => certificateFacts(root, nowMs).subject).join('; ')}.`);
  }
  tellMade(io, options, places.cert, leaf, nowMs);
  say(io, '', ...kept.map((path) => `The old one is kept as ${path}.`));
  say(io, TAKEN_OVER, `Next: ${COMMAND} cert verify --dir ${places.directory} --host COLLECTOR:6514`);
}

async function readAll(files: readonly string[], ask: () => Promise<string | undefined>) {
  const certificates: X509Certificate[] = [];
  const candidates: Candidate[] = [];
  for (const file of files) {
    const { contents, passphrase } = await readKnowing(file, ask);
    certificates.push(...certificatesIn(contents));
    candidates.push(...keysIn(contents).map((key) => ({ path: file, key, passphrase })));
    if (contents.some(({ kind }) => kind === 'locked')) {
      throw new AgentError('passphrase-missing', `${file} is encrypted and there is no passphrase`, {
        hint: 'run the command in a terminal, or give --passphrase-file',
      });
    }
  }
  return { certificates, candidates };
}

/** Together with the passphrase, if one was needed. */
async function readKnowing(file: string, ask: () => Promise<string | undefined>) {
  let passphrase: string | undefined;
  const contents = await readContents(file, async () => {
    passphrase = await ask();
    return passphrase;
  });
  return { contents, passphrase };
}

function certificatesOf(found: readonly X509Certificate[]): X509Certificate[] {
  const distinct = found.filter((each, at) => found.findIndex((other) => other.raw.equals(each.raw)) === at);
  if (distinct.length > 0) return distinct;
  throw new AgentError('no-certificate', 'these files hold no certificate', {
    hint: `look at what they hold: ${COMMAND} cert show`,
  });
}

/** `request` leaves the key in this directory; what cannot be read there is somebody else's. */
async function keysBeside(
  directory: string,
  keyPath: string,
  ask: () => Promise<string | undefined>,
): Promise<Candidate[]> {
  const names = await readdir(directory).catch((): string[] => []);
  const paths = names.filter((name) => /\.(key|pem)(\.|$)/.test(name)).map((name) => join(directory, name));
  const candidates: Candidate[] = [];
  for (const path of new Set([keyPath, ...paths])) {
    const { contents, passphrase } = await readKnowing(path, ask).catch(() => ({
      contents: [],
      passphrase: undefined,
    }));
    candidates.push(...keysIn(contents).map((key) => ({ path, key, passphrase })));
  }
  return candidates;
}

function match(certificates: readonly X509Certificate[], candidates: readonly Candidate[]) {
  for (const leaf of certificates) {
    const candidate = candidates.find(({ key }) => leaf.checkPrivateKey(key));
    if (candidate !== undefined) return { leaf, candidate };
  }
  const { subject } = certificateFacts(leafOf(certificates)!, Date.now());
  throw new AgentError('no-key', `there is no key here for the certificate of ${subject}; nothing was changed`, {
    hint: `give the key that the request was made with: --key FILE (looked in: the files given, and the directory of the agent's certificates)`,
  });
}

function completeness({ certificates, isAnchored }: Chain, nowMs: number): Finding {
  const { issuer } = certificateFacts(certificates.at(-1)!, nowMs);
  if (isAnchored) return { check: 'chain', verdict: 'good', at: 'cert', message: 'the certificate chain is complete' };
  return {
    check: 'chain',
    verdict: 'warning',
    at: 'cert',
    message: `the certificate of ${issuer} is not in these files; if it is an intermediate CA, the collector needs it`,
  };
}

/** The key of our own authority may lie there, too. */
function refuseAuthority(leaf: X509Certificate): void {
  if (!leaf.ca) return;
  const { subject } = certificateFacts(leaf, Date.now());
  throw new AgentError(
    'is-authority',
    `the certificate that fits the key here, ${subject}, is that of a CA; nothing was changed`,
    {
      hint: 'add the certificate that the CA made for this host; to trust a CA, name its file in tls.ca',
    },
  );
}

function anchorFile(roots: readonly X509Certificate[], path: string): NewFile {
  if (roots.length > 0) return { path, content: roots.map(pemOf).join(''), mode: MODE.certificate };
  throw new AgentError('no-root', 'these files hold no root CA certificate that could be trusted', {
    hint: 'ask the exchange for the certificate of its CA; nothing was changed',
  });
}
