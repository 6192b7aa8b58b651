/**
 * The logs that the sources follow, each with its rotated files as they lie
 * there now: what would be looked into for the rest of a log that was rotated
 * while nobody read.
 */
import { basename, dirname } from 'node:path';
import { systemFiles } from '../../lib/files.js';
import { Finder, type FindOptions } from '../../source/find/finder.js';
import { compileGlob } from '../../source/find/glob.js';
import { compressionOf, isLiveName, lineagesOf, liveNames } from '../../source/find/rotated-name.js';
import type { Seen } from '../../source/find/snapshot.js';

export interface Generation {
  readonly path: string;
  /** When it was written to last. */
  readonly endMs: number;
  /** Bytes of text. */
  readonly bytes: number;
}

export interface Log {
  readonly source: string;
  readonly path: string;
  /** Links resolved. */
  readonly real: string;
  readonly bytes: number;
  readonly bornMs: number;
  /** The newest first; without those that cannot be read. */
  readonly rotated: readonly Generation[];
}

export async function followedLogs(sources: readonly FindOptions[], nowMs: () => number): Promise<Log[]> {
  const view = await new Finder(sources, { files: systemFiles, nowMs }).find([]);
  const files = [...view.files.values()];
  const rotated = new Map<string, Generation[]>();
  for (const seen of files) {
    const [{ path, real, matched, anyName }] = seen.ways;
    if ((matched && isLiveName(real ?? path)) || compressionOf(basename(path)) === 'unsupported') continue;
    const generation = { path, endMs: seen.stats.mtimeMs, bytes: await textBytes(path, seen.stats.size) };
    // Where rotated files have a directory of their own, the name alone must do.
    for (const lineage of lineagesOf(real ?? path)) add(rotated, anyName ? basename(lineage) : lineage, generation);
  }
  return files.flatMap(({ ways: [{ path, real = path, source, matched }], stats }) => {
    if (!matched || !isLiveName(real)) return [];
    const own = [...(rotated.get(real) ?? []), ...(rotated.get(basename(real)) ?? [])];
    own.sort((a, b) => b.endMs - a.endMs);
    return [{ source, path, real, bytes: stats.size, bornMs: bornMs(stats), rotated: own }];
  });
}

/** Whether a file at `rotated` would be looked into for the rest of `log`. */
export function isLookedInto(rotated: string, log: string, source: FindOptions): boolean {
  const named = (patterns: readonly string[]) =>
    patterns.some((pattern) => compileGlob(pattern).some((glob) => glob.matches(rotated)));
  if (named(source.exclude)) return false;
  if (dirname(rotated) === dirname(log) && liveNames(basename(rotated)).includes(basename(log))) return true;
  return named(source.rotated) || (named(source.paths) && liveNames(basename(rotated)).includes(basename(log)));
}

function add(map: Map<string, Generation[]>, key: string, generation: Generation): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [generation]);
  else known.push(generation);
}

/** A file system that keeps no birth time gives 0, or the time of the last change. */
function bornMs({ birthtimeMs, mtimeMs }: Seen['stats']): number {
  return birthtimeMs > 0 ? Math.min(birthtimeMs, mtimeMs) : mtimeMs;
}

/** The last four bytes of a gzip file say how long its text is, modulo 2^32 (RFC 1952 section 2.3.1). */
async function textBytes(path: string, size: number): Promise<number> {
  if (compressionOf(basename(path)) === 'none') return size;
  const file = await systemFiles.open(path, 'read').catch(() => undefined);
  const length = Buffer.alloc(4);
  try {
    return (await file?.read(length, Math.max(0, size - 4))) === 4 ? length.readUInt32LE() : size;
  } finally {
    await file?.close();
  }
}
