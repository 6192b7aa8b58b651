/**
 * Where the agent's own certificate lives: the files that `import`, `renew`
 * and `verify` work on. Those named on the command line come first, then those
 * of the configuration when `--config` is given, then those of the package.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import type { TlsConfig } from '../../config/config.js';
import { loadConfig } from '../../config/load.js';
import type { Io } from '../io.js';

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
    .option('--dir <dir>', `where the agent's certificates are (default: ${DIRECTORY})`)
    .option('--cert <file>', 'the certificate (default: openemrcert.pem there)')
    .option('--key <file>', 'its key (default: openemr.key there)')
    .option('--ca <file>', "the authority's certificate (default: cacert.pem there)");
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
