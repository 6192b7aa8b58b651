/**
 * What a file's name says of rotation: which name it had while it was written
 * to, and how it is compressed. Covers logrotate (numbers, `dateext`,
 * `extension`, any compression), Apache's rotatelogs, newsyslog and the usual
 * `.old`. A name only proposes; whether one file continues another is decided
 * by content. Pure.
 */
import { basename, dirname, join } from 'node:path';
import type { FoundFile, FoundName } from './snapshot.js';

export type Compression = 'none' | 'gzip' | 'unsupported';

const COMPRESSED = /\.(?:gz|bz2|xz|zst|zip|lz4|lzma|Z|7z)$/;
const ROTATED_SUFFIX = /[.\-_](?:\d[\d.\-_:T]*Z?|old|bak|prev)$/;
// logrotate moves a log aside that its writer has made anew before logrotate could.
const MOVED_ASIDE = /\.backup$/;
const DATED = /^(.+?)[.\-_](\d[\d.\-_:T]*Z?)(\.[^.]*[a-z][^.]*)$/i;
// A date, or a date and time: fewer digits between stem and extension are part of a name (`node-12.log`).
const MIN_DATE_DIGITS = 6;

export function compressionOf(name: string): Compression {
  if (name.endsWith('.gz')) return 'gzip';
  return COMPRESSED.test(name) ? 'unsupported' : 'none';
}

export function isCompressed(path: string): boolean {
  return compressionOf(path) === 'gzip';
}

/**
 * The names that the file may have had while it was written to, the likeliest
 * first: `audit.log.2.gz` -> `audit.log`; `audit-20260101.log` -> itself, `audit.log`.
 */
export function liveNames(name: string): readonly [string, ...string[]] {
  const plain = name.replace(COMPRESSED, '') || name;
  const live = plain.replace(MOVED_ASIDE, '').replace(ROTATED_SUFFIX, '') || plain;
  const [, stem, date, extension] = DATED.exec(live) ?? [];
  if (stem === undefined || date === undefined || date.replaceAll(/\D/g, '').length < MIN_DATE_DIGITS) return [live];
  return [live, stem + extension];
}

/*
 * Which log a file is a generation of. A lineage is named by the path that the
 * log is written to, links resolved: `/var/log/audit.log` for itself, for
 * `/var/log/audit.log.1` and for `/var/log/audit-20260101.log.gz`. Pure.
 */

/** The lineages that a path may belong to, the likeliest first. */
export function lineagesOf(path: string): readonly [string, ...string[]] {
  const [first, ...others] = liveNames(basename(path));
  const beside = (name: string) => join(dirname(path), name);
  return [beside(first), ...others.map(beside)];
}

/**
 * The lineage that a path of its own name is taken for. A link that leads to a file with a date in its name leads to
 * another one tomorrow: all of them are one log.
 */
export function logOf({ path, real }: Pick<FoundName, 'path' | 'real'>): string {
  return real === undefined ? lineagesOf(path)[0] : lineagesOf(real).at(-1)!;
}

/** Those of a file, by all names that lead to it. */
export function lineagesOfFile(file: FoundFile): ReadonlySet<string> {
  return new Set(file.names.flatMap(({ path, real }) => [...lineagesOf(real ?? path), ...lineagesOf(path)]));
}

/** Whether the path may be the one that a log is written to, rather than one that rotation gave it. */
export function isLiveName(path: string): boolean {
  return lineagesOf(path)[0] === path;
}

/** Whether the file is one that a log is written to: what no pattern matches is at most a rotated one. */
export function isLive({ names: [{ path, matched }] }: FoundFile): boolean {
  return matched && isLiveName(path);
}
