/** What is packaged: name, version, and the moment that every time stamp in the packages says. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const run = promisify(execFile);

/** As Debian calls them. */
export const ARCHITECTURES = ['amd64', 'arm64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

export interface Release {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** Seconds since 1970: SOURCE_DATE_EPOCH, or when the last commit was made. */
  readonly epoch: number;
  /** Compress little: the packages are for a test. */
  readonly quick: boolean;
  /** The checkout. */
  readonly root: string;
}

/** What a maker of one kind of package is given. */
export interface Order {
  /** The files as they will lie below `/`. */
  readonly tree: string;
  readonly arch: Architecture;
  readonly release: Release;
  readonly output: string;
  /** A directory of its own, yet to be made. */
  readonly work: string;
}

export const MAINTAINER = 'The openemr-audit-forwarder maintainers <maintainers@openemr-audit-forwarder.invalid>';

export const SUMMARY = "forwards OpenEMR's audit trail by syslog over mutual TLS";

export const DESCRIPTION = [
  'Follows the audit log files of OpenEMR, keeps every entry in a journal on disk,',
  'and forwards it to an audit repository or SIEM as RFC 5424 syslog over mutual',
  'TLS (RFC 5425; IHE ATNA ITI-19, ITI-20). An entry leaves the journal only when',
  'the collector has acknowledged it. Makes, requests and renews its certificates.',
  'Brings the Node.js that it runs on.',
];

export async function readRelease(wanted: { version?: string; quick: boolean }): Promise<Release> {
  const root = checkout();
  const { name, version, description } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return {
    name,
    version: wanted.version ?? version,
    description,
    epoch: await epochOf(root),
    quick: wanted.quick,
    root,
  };
}

/** The compiled files lie below it, wherever that is. */
export function checkout(): string {
  return checkoutAbove(dirname(fileURLToPath(import.meta.url)));
}

function checkoutAbove(directory: string): string {
  return existsSync(join(directory, 'package-lock.json')) ? directory : checkoutAbove(dirname(directory));
}

async function epochOf(root: string): Promise<number> {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given !== undefined) return Number(given);
  const { stdout } = await run('git', ['-C', root, 'log', '-1', '--format=%ct']);
  return Number(stdout);
}

/** Debian and RPM order `1.0.0~rc.1` before `1.0.0`, and read a hyphen as something else. */
export function packageVersion({ version }: Release): string {
  return version.replaceAll('-', '~');
}

/** For the tools that read it, and one language and one time zone for all. */
export function environment({ epoch }: Release): NodeJS.ProcessEnv {
  return { ...process.env, SOURCE_DATE_EPOCH: String(epoch), LC_ALL: 'C.UTF-8', TZ: 'UTC' };
}
