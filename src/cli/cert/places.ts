/** Where the agent's own certificate lives: the files that `import`, `renew` and `verify` work on. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';

export interface PlaceOptions {
  readonly dir: string;
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
}

/** As the package installs and the configuration's example names them. */
const DIRECTORY = '/etc/openemr-audit-forwarder/tls';

export function addPlaces(command: Command): Command {
  return command
    .option('--dir <dir>', "where the agent's certificates are", DIRECTORY)
    .option('--cert <file>', 'the certificate (default: openemrcert.pem there)')
    .option('--key <file>', 'its key (default: openemr.key there)')
    .option('--ca <file>', "the authority's certificate (default: cacert.pem there)");
}

export function placesOf({ dir, cert, key, ca }: PlaceOptions): Places {
  return {
    directory: dir,
    cert: cert ?? join(dir, 'openemrcert.pem'),
    key: key ?? join(dir, 'openemr.key'),
    ca: ca ?? join(dir, 'cacert.pem'),
    combined: join(dir, 'openemrcertkey.pem'),
  };
}

/** The path if it was named on the command line, or is there. */
export function ifPresent(path: string, named: string | undefined): string | undefined {
  return named !== undefined || existsSync(path) ? path : undefined;
}
