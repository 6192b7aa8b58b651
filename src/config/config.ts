/**
 * The configuration as the program sees it: complete, checked, frozen; sizes
 * in bytes, durations in milliseconds. Each part is handed its own slice.
 */
import type { StartAt } from '../lib/start-at.js';
import type { Listen } from './listen.js';

export type LineFormat = 'openemr' | 'openemr-tsv' | 'text';

export interface SourceConfig {
  readonly name: string;
  /** Globs. */
  readonly paths: readonly string[];
  readonly exclude: readonly string[];
  readonly format: LineFormat;
  readonly startAt: 'beginning' | 'end';
  /** Globs of rotated files that do not lie beside the file under a name that begins like it. */
  readonly rotated: readonly string[];
  /** Empty: taken from `sites/NAME/` in the path. */
  readonly site: string;
  /** IANA name of the zone of times without offset; `guessed` when the configuration does not say. */
  readonly timeZone: string;
  readonly timeZoneGuessed: boolean;
  readonly partialLineTimeoutMs: number;
  readonly maxLineBytes: number;
}

export interface MessageConfig {
  readonly profile: 'plain' | 'atna';
  /** RFC 5424 table 1, 0 to 23. */
  readonly facility: number;
  readonly hostname: string;
  readonly appName: string;
  /** Of one message without its frame's length prefix. */
  readonly maxBytes: number;
  /** 0: off. */
  readonly heartbeatMs: number;
  readonly enterpriseId: string;
  /** Begin MSG with the byte order mark when it is UTF-8 beyond ASCII (RFC 5424 section 6.4). */
  readonly bom: boolean;
  /** What becomes of OpenEMR's column `comments`, which may hold patients' particulars. */
  readonly comments: 'encoded' | 'decoded' | 'omit';
  /** `event=…`, `category=…`, `user=…`, with `*` for any text; empty: all rows. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Regular expressions: what they match in free text is made unreadable. */
  readonly redact: readonly string[];
}

export interface CollectorConfig {
  readonly host: string;
  readonly port: number;
}

export interface TlsConfig {
  /** Paths; `undefined` where the configuration leaves them out. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly p12: string | undefined;
  readonly passphraseFile: string | undefined;
  readonly crl: string | undefined;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly verify: 'name' | 'fingerprint' | 'chain' | 'insecure';
  /** `sha-256:AB:CD…` or `sha-1:…` (RFC 5425 section 4.2.2). */
  readonly fingerprints: readonly string[];
  /** `any`: the extended key usage of the collector's certificate does not count (IHE ITI-19). */
  readonly purpose: 'server' | 'any';
  /** The common name counts where a certificate has no other name (RFC 5425 section 5.2). */
  readonly commonName: boolean;
  /** The name to look for in the collector's certificate, if not its host. */
  readonly serverName: string | undefined;
  /** OpenSSL cipher list for TLS 1.2; TLS 1.3 suites are always offered. */
  readonly ciphers: string;
}

export interface JournalConfig {
  readonly directory: string;
  readonly maxBytes: number;
  readonly whenFull: 'wait' | 'drop-oldest';
  /** Share of the volume that stays free, 0 to 1. */
  readonly keepFree: number;
}

export interface DeliveryConfig {
  readonly epochBytes: number;
  readonly epochIntervalMs: number;
  readonly acknowledge: 'auto' | 'close-notify' | 'fin' | 'window';
  readonly windowMs: number;
}

export interface ReceiptsConfig {
  readonly keepMs: number;
}

export interface StatusConfig {
  /** `undefined`: nowhere. */
  readonly listen: Listen | undefined;
}

/** Parts of the agent by which its log names them. */
export const LOG_PARTS: readonly string[] = 'source ingest journal link tls receipts health clock status systemd'.split(
  ' ',
);

export interface LogConfig {
  readonly level: 'error' | 'warning' | 'notice' | 'info' | 'debug';
  readonly format: 'auto' | 'text' | 'json' | 'journald';
  /** Names of parts that say everything. */
  readonly debug: readonly string[];
}

/** `undefined` in `tls`: TLS is not asked for. */
export interface SiteConfig {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly socket: string | undefined;
  readonly database: string;
  readonly user: string;
  /** An absolute path, or the bare name of a systemd credential. */
  readonly passwordFile: string | undefined;
  readonly tls: SiteTlsConfig | undefined;
}

export interface SiteTlsConfig {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly verify: 'name' | 'chain';
}

/** For the command `export` alone; the agent knows nothing of it. */
export interface ExportConfig {
  readonly directory: string;
  /** At least one. */
  readonly sites: readonly SiteConfig[];
  readonly startAt: StartAt;
  readonly disclosures: boolean;
  readonly pollMs: number;
  readonly settleMs: number;
  readonly examineMs: number;
  readonly keepMs: number;
  readonly maxBytes: number;
  readonly rotateBytes: number;
}

export interface Config {
  /** The file that this was read from. */
  readonly file: string;
  readonly sources: readonly SourceConfig[];
  readonly message: MessageConfig;
  readonly collectors: readonly CollectorConfig[];
  readonly tls: TlsConfig;
  readonly journal: JournalConfig;
  readonly delivery: DeliveryConfig;
  readonly receipts: ReceiptsConfig;
  readonly status: StatusConfig;
  readonly log: LogConfig;
}
