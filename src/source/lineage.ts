/**
 * Which log a file is a generation of. A lineage is named by the path that the
 * log is written to, links resolved: `/var/log/audit.log` for itself, for
 * `/var/log/audit.log.1` and for `/var/log/audit-20260101.log.gz`. Pure.
 */
import { basename, dirname, join } from 'node:path';
import { liveNames } from './rotated-name.js';
import type { Seen, Way } from './view.js';

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
export function logOf({ path, real }: Pick<Way, 'path' | 'real'>): string {
  return real === undefined ? lineagesOf(path)[0] : lineagesOf(real).at(-1)!;
}

/** Those of a file, by all ways that lead to it. */
export function lineagesOfFile(seen: Seen): ReadonlySet<string> {
  return new Set(seen.ways.flatMap(({ path, real }) => [...lineagesOf(real ?? path), ...lineagesOf(path)]));
}

/** Whether the path may be the one that a log is written to, rather than one that rotation gave it. */
export function isLiveName(path: string): boolean {
  return lineagesOf(path)[0] === path;
}

/** Whether the file is one that a log is written to: what no pattern matches is at most a rotated one. */
export function isLive({ ways: [{ path, matched }] }: Seen): boolean {
  return matched && isLiveName(path);
}
