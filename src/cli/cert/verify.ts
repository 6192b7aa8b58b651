/** `cert verify`: checks whether a connection with these files would work, and says why not. */
import type { X509Certificate } from 'node:crypto';
import { Command, Option } from 'commander';
import { certificatesIn, keysIn } from '../../pki/files/bundle.js';
import { writeKey } from '../../pki/files/keys.js';
import { examine, type Finding } from '../../pki/findings.js';
import { rehearse, type Shown } from '../../pki/handshake.js';
import { certificateFacts, pemOf, pemOfLists } from '../../pki/inspect.js';
import { buildChain, type Chain, signersFirst, withoutRoot } from '../../pki/x509/chain.js';
import { wordsForVerifyError } from '../../pki/x509/words.js';
import type { Io } from '../io.js';
import { UsageError } from '../usage-error.js';
import { endpoint, nameFinding, rulesOf, visit } from './collector.js';
import { readCertificates, readContents, readLists } from './files.js';
import { jsonOption } from './options.js';
import { print, printJson } from './output.js';
import { addPlaces, ifPresent, type PlaceOptions, type Places, placesOf } from './own-files.js';
import { oldPassphrase } from './passphrase.js';

export interface VerifyOptions extends PlaceOptions {
  readonly p12?: string;
  readonly passphraseFile?: string;
  readonly crl?: string;
  readonly purpose: 'client' | 'server';
  readonly name?: string;
  readonly host?: { readonly host: string; readonly port: number };
  readonly json: boolean;
}

/** What the files hold, ready for both questions. */
interface Held {
  readonly chain: Chain | undefined;
  readonly findings: readonly Finding[];
  readonly shown: Shown;
}

export function verifyCommand(io: Io): Command {
  const command = new Command('verify')
    .description('check whether a connection with these files works; with --host, connect to a collector')
    .option('--p12 <file>', 'certificate and key as PKCS#12')
    .option('--passphrase-file <file>', 'file with the passphrase of the key')
    .option('--crl <file>', 'revocation lists')
    .addOption(
      new Option('--purpose <side>', 'the side that uses the certificate')
        .choices(['client', 'server'])
        .default('client'),
    )
    .option('--name <name>', 'name that the certificate must be for (with --host: the certificate of the collector)')
    .option('--host <host:port>', 'connect to this collector and show all details', endpoint)
    .addOption(jsonOption())
    .action((options: VerifyOptions, command: Command) => verify(io, options, command));
  return addPlaces(command);
}

async function verify(io: Io, options: VerifyOptions, command: Command): Promise<void> {
  const nowMs = Date.now();
  const places = await placesOf(options, command, io);
  const held = await hold(io, options, places, nowMs);
  const rehearsed = held.chain === undefined ? [] : [await rehearsal(held, options, nowMs)];
  const { host } = options;
  const rules = rulesOf(places.policy, options.name);
  const visited = host === undefined ? undefined : await visit(host, rules, held.shown, nowMs, io.signal);
  const findings = [...held.findings, ...rehearsed];
  const all = [...findings, ...(visited?.findings ?? [])];
  if (all.some(({ verdict }) => verdict === 'bad')) io.setExitStatus(1);
  if (options.json) return printJson(io, { findings, collector: visited && { ...visited, lines: undefined } });
  if (findings.length > 0) print(io, ['These files:', ...findings.map(line)].join('\n'));
  if (visited && host)
    print(io, [`${host.host}:${host.port}:`, ...visited.lines, ...visited.findings.map(line)].join('\n'));
  print(io, all.some(({ verdict }) => verdict === 'bad') ? 'A connection would fail.' : 'It works.');
}

async function hold(io: Io, options: VerifyOptions, places: Places, nowMs: number): Promise<Held> {
  const p12 = options.p12 ?? places.p12;
  const crl = options.crl ?? places.crl;
  const ask = oldPassphrase(io, options.passphraseFile ?? places.passphraseFile, 'the key');
  const caPath = ifPresent(places.ca, options.ca);
  const anchors = caPath === undefined ? [] : await readCertificates(caPath);
  const lists = crl === undefined ? [] : await readLists(crl);
  const certPath = p12 ?? ifPresent(places.cert, options.cert);
  const shown: Shown = {
    ca: anchors.map(pemOf),
    crl: lists.length === 0 ? undefined : pemOfLists(lists),
  };
  if (certPath === undefined) {
    if (options.host !== undefined) return { chain: undefined, findings: [], shown };
    throw new UsageError(`there is no certificate to verify: ${places.cert} does not exist`, {
      hint: 'name the files with --cert, --key and --ca, or their directory with --dir',
    });
  }
  const contents = await readContents(certPath, ask);
  const own = keysIn(contents);
  const keyPath = p12 ?? (own.length > 0 ? certPath : ifPresent(places.key, options.key));
  const keys = own.length > 0 || keyPath === undefined ? own : keysIn(await readContents(keyPath, ask));
  const certificates = certificatesIn(contents);
  const leaf =
    certificates.find((each) => keys.some((key) => each.checkPrivateKey(key))) ?? (await leafIn(certPath, ask));
  const key = keys.find((each) => leaf.checkPrivateKey(each)) ?? keys[0];
  const chain = buildChain(leaf, certificates, anchors);
  const findings = [
    ...(key === undefined ? [keyMissing(keyPath ?? places.key)] : []),
    ...examine({ chain, key, purpose: options.purpose, revocationLists: lists, nowMs }),
    anchorage(chain, caPath, nowMs),
    ...(options.name !== undefined && options.host === undefined ? [nameFinding(leaf, options.name)] : []),
  ];
  const cert = withoutRoot(chain.certificates);
  return {
    chain,
    findings,
    shown: {
      ...shown,
      ca: signersFirst(chain.certificates, anchors).map(pemOf),
      cert: cert.map(pemOf).join(''),
      key: key && writeKey(key),
    },
  };
}

async function leafIn(path: string, ask: () => Promise<string | undefined>): Promise<X509Certificate> {
  return (await readCertificates(path, ask))[0]!;
}

async function rehearsal({ shown, findings }: Held, { purpose }: VerifyOptions, nowMs: number): Promise<Finding> {
  const finding = { check: 'handshake', at: 'cert' } as const;
  if (findings.some(({ check, verdict }) => verdict === 'bad' && check.startsWith('key-'))) {
    return { ...finding, verdict: 'warning', message: 'no trial handshake was made, because there is no key for it' };
  }
  const code = await rehearse(shown, purpose, nowMs);
  if (code === undefined)
    return { ...finding, verdict: 'good', message: 'a trial handshake with these files succeeds' };
  const named = findings.some(({ verdict }) => verdict === 'bad');
  const unsaid = named ? 'for the reason above' : 'and does not say why';
  const why = code === 'UNSPECIFIED' ? ` ${unsaid}` : `: ${wordsForVerifyError(code)} (${code})`;
  return { ...finding, verdict: 'bad', message: `OpenSSL refuses these files in a trial handshake${why}` };
}

function anchorage({ certificates, isAnchored }: Chain, caPath: string | undefined, nowMs: number): Finding {
  const last = certificateFacts(certificates.at(-1)!, nowMs);
  const finding = { check: 'chain', at: 'ca' } as const;
  if (isAnchored) return { ...finding, verdict: 'good', message: `signed by ${last.subject}, which is in ${caPath}` };
  const message =
    caPath === undefined
      ? 'there is no CA certificate, so the chain was not checked'
      : `the chain ends at ${last.selfSigned ? last.subject : last.issuer}, which is not in ${caPath}`;
  return { ...finding, verdict: 'bad', message, hint: 'give the certificate of the CA that signed it: --ca FILE' };
}

function keyMissing(path: string): Finding {
  return {
    check: 'key-missing',
    verdict: 'bad',
    at: 'key',
    message: `there is no key in ${path}`,
    hint: 'give the key of the certificate: --key FILE',
  };
}

function line({ verdict, message, hint }: Finding): string {
  const sign = { good: '  ok      ', warning: '  warning ', bad: '  BAD     ' }[verdict];
  return `${sign}${message}${verdict === 'bad' && hint !== undefined ? `\n          -> ${hint}` : ''}`;
}
