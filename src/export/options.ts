/** The configuration of `export`, complete and checked: sizes in bytes, durations in milliseconds. */
import type { StartAt } from '../lib/start-at.js';

/* How much a follower remembers and reads at once. Tests make it small. */

/** In rows. */
export interface FollowerLimits {
  /** Remembered behind the awaited ones: what a comparison with the table looks at. */
  readonly windowRows: number;
  /** Written in one append. */
  readonly batchRows: number;
  /** By how many rows those written at the same time may have changed places between `log` and its side tables. */
  readonly skewRows: number;
}

/** 2 to 3 MB for the window, and as much for a batch. */
export const FOLLOWER_LIMITS: FollowerLimits = { windowRows: 10_000, batchRows: 1000, skewRows: 1000 };

export interface DatabaseTlsOptions {
  /** Path of the authority's certificate; `undefined` takes the authorities that Node knows. */
  readonly ca: string | undefined;
  /** Paths of a client certificate and its key, if the account asks for one (`REQUIRE X509`). */
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** `name` checks the chain and the host, `chain` the chain alone. */
  readonly verify: 'name' | 'chain';
}

export interface SiteOptions {
  /** OpenEMR's name of the site (`default`): goes into every line and is the name of the file. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Path of the server's Unix socket; takes the place of host and port. */
  readonly socket: string | undefined;
  readonly database: string;
  readonly user: string;
  /** An absolute path, or the bare name of a systemd credential of this unit; `undefined`: no password. */
  readonly passwordFile: string | undefined;
  /** `undefined`: no TLS. */
  readonly tls: DatabaseTlsOptions | undefined;
}

/** Nothing between the export and the database leaves this machine. */
export function isLocal({ host, socket }: SiteOptions): boolean {
  return socket !== undefined || host === 'localhost' || host === '127.0.0.1' || host === '::1';
}

export interface ExportConfig {
  readonly directory: string;
  /** At least one. */
  readonly sites: readonly SiteOptions[];
  readonly startAt: StartAt;
  /** Export `extended_log` too, into a file of its own. */
  readonly disclosures: boolean;
  /** Time between two looks at a table that had nothing new. */
  readonly pollMs: number;
  /** How long a missing id or a missing side row is waited for. */
  readonly settleMs: number;
  /** Time between two comparisons of what was exported last with what the table says now. */
  readonly examineMs: number;
  /** Age at which a rotated file is deleted. */
  readonly keepMs: number;
  /** Of all files of the export together; beyond it nothing is written, the database keeps the rows. */
  readonly maxBytes: number;
  /** A file that would grow beyond this is rotated first; it is also rotated at the first line of a new day (UTC). */
  readonly rotateBytes: number;
}
