/**
 * Finds the agent's own certificate files, which `import`, `renew` and `verify` work on, and
 * installs a new pair there beside the one that it replaces. Files named on the command line
 * come first, then those of the configuration when `--config` is given, then those of the package.
 */

import type { KeyObject, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import type { TlsConfig } from '../../config/config.js';
import { loadConfig } from '../../config/load.js';
import { AgentError } from '../../lib/errors.js';
import { keysIn } from '../../pki/files/bundle.js';
import { samePublicKey, writeKey } from '../../pki/files/keys.js';
import type { AskPassphrase } from '../../pki/files/passphrase.js';
import { completeInstallation, installFiles, MODE, type NewFile, type Owner } from '../../pki/files/store.js';
import type { Finding } from '../../pki/findings.js';
import { pemOf } from '../../pki/inspect.js';
import type { Io } from '../io.js';
import { readContents } from './files.js';
import { say } from './output.js';

export interface PlaceOptions {
  readonly dir?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
}

export interface Places {
  readonly directory: string;
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  /** Certificate and key in one file, as PHP wants it; kept in step where it exists. */
  readonly combined: string;
  /** Only from the configuration. */
  readonly p12: string | undefined;
  readonly passphraseFile: string | undefined;
  readonly crl: string | undefined;
  /** How the agent judges a collector. */
  readonly policy: TlsConfig | undefined;
}

/** As the package installs and the configuration's example names them. */
const DIRECTORY = '/etc/openemr-audit-forwarder/tls';

export function addPlaces(command: Command): Command {
  return command
    .option('--dir <dir>', `directory of the agent's certificates (default: ${DIRECTORY})`)
    .option('--cert <file>', 'the certificate (default: openemrcert.pem there)')
    .option('--key <file>', 'its key (default: openemr.key there)')
    .option('--ca <file>', 'CA certificate (default: cacert.pem there)');
}

export async function placesOf(options: PlaceOptions, command: Command, io: Io): Promise<Places> {
  const configured = options.dir === undefined ? await configuredFiles(command, io) : undefined;
  const cert = options.cert ?? configured?.cert;
  const directory = options.dir ?? (configured?.cert === undefined ? DIRECTORY : dirname(configured.cert));
  const named = options.cert !== undefined;
  return {
    directory,
    cert: cert ?? join(directory, 'openemrcert.pem'),
    // A certificate without tls.key has its key in the same file.
    key: options.key ?? (named ? undefined : (configured?.key ?? configured?.cert)) ?? join(directory, 'openemr.key'),
    ca: options.ca ?? configured?.ca ?? join(directory, 'cacert.pem'),
    combined: join(directory, 'openemrcertkey.pem'),
    p12: named ? undefined : configured?.p12,
    passphraseFile: configured?.passphraseFile,
    crl: configured?.crl,
    policy: configured,
  };
}

/** The path if it was named on the command line, or is there. */
export function ifPresent(path: string, named: string | undefined): string | undefined {
  return named !== undefined || existsSync(path) ? path : undefined;
}

/** Only when asked for: certificates are installed before there is a configuration. */
async function configuredFiles(command: Command, io: Io) {
  if (command.getOptionValueSourceWithGlobals('config') !== 'cli') return undefined;
  const { config } = command.optsWithGlobals<{ config: string }>();
  return (await loadConfig(config, io.env)).tls;
}

export const TAKEN_OVER =
  'A running agent uses it from its next connection on; to make it reconnect now:\n  systemctl reload openemr-audit-forwarder';

export interface Pair {
  /** Leaf first, no root. */
  readonly chain: readonly X509Certificate[];
  readonly key: KeyObject;
  /** The key was encrypted with it, and stays so. */
  readonly passphrase: string | undefined;
}

export interface Replaced {
  /** The names that the former files have now; empty when there were none. */
  readonly kept: readonly string[];
}

/** The key's file is left alone when it holds this key already, in whatever form. */
export async function installPair(
  places: Places,
  pair: Pair,
  options: {
    readonly owner: Owner | undefined;
    readonly nowMs: number;
    readonly ask: AskPassphrase;
    /** Comes into place with the pair, or not at all. */
    readonly also?: readonly NewFile[];
  },
): Promise<Replaced> {
  const chain = pair.chain.map(pemOf).join('');
  const key = writeKey(pair.key, pair.passphrase);
  const isSameFile = places.key === places.cert;
  const keyFile: NewFile = { path: places.key, content: key, mode: MODE.key };
  const files: NewFile[] = isSameFile
    ? [{ path: places.cert, content: chain + key, mode: MODE.key }]
    : [
        ...((await holds(places.key, pair.key, options.ask)) ? [] : [keyFile]),
        { path: places.cert, content: chain, mode: MODE.certificate },
      ];
  if (existsSync(places.combined)) files.push({ path: places.combined, content: chain + key, mode: MODE.key });
  files.push(...(options.also ?? []));
  const keepAs = freeSuffix(files, new Date(options.nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, ''));
  const kept = files.filter(({ path }) => existsSync(path)).map(({ path }) => `${path}.${keepAs}`);
  await installFiles(files, { force: true, owner: options.owner, keepAs });
  return { kept };
}

/** Two renewals within one second keep two pairs: `NAME.20261123T210000Z` and `NAME.20261123T210000Z-2`. */
function freeSuffix(files: readonly NewFile[], time: string): string {
  for (let number = 1; ; number += 1) {
    const suffix = number === 1 ? time : `${time}-${number}`;
    if (!files.some(({ path }) => existsSync(`${path}.${suffix}`))) return suffix;
  }
}

/** Finishes what an earlier command was interrupted in, wherever its files lie. */
export function completeInstallations({ directory, key, cert, ca }: Places): void {
  for (const each of new Set([directory, ...[key, cert, ca].map((path) => dirname(path))])) completeInstallation(each);
}

/** A pair is put beside the old one as PEM; a PKCS#12 file would have to be written under its passphrase. */
export function refusePkcs12({ p12 }: Places): void {
  if (p12 === undefined) return;
  throw new AgentError('p12-in-place', `the configuration takes its certificate from the PKCS#12 file ${p12}`, {
    hint: 'name PEM files in tls.cert and tls.key instead, or make a new PKCS#12 file: openemr-audit-forwarder cert p12',
  });
}

/** Prints the warnings; throws the first finding that would make a connection fail. */
export function accept(io: Io, findings: readonly Finding[]): void {
  for (const { verdict, message } of findings) if (verdict === 'warning') say(io, `Warning: ${message}.`);
  const bad = findings.find(({ verdict }) => verdict === 'bad');
  if (bad === undefined) return;
  throw new AgentError(`certificate-${bad.check}`, `${bad.message}; nothing was changed`, {
    ...(bad.hint === undefined ? {} : { hint: bad.hint }),
  });
}

async function holds(path: string, key: KeyObject, ask: AskPassphrase): Promise<boolean> {
  if (!existsSync(path)) return false;
  return keysIn(await readContents(path, ask)).some((each) => samePublicKey(each, key));
}
