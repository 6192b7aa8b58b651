/**
 * What one scan has found: every file by inode, with all paths that lead to it.
 * A file counts as absent only where its directory could be listed without it.
 */
import { setImmediate } from 'node:timers/promises';
import { systemCode } from '../../lib/errors.js';
import type { FileStats, Files } from '../../lib/files.js';
import type { RefusedBecause, RefusedName } from './follow-policy.js';

/** `device:inode` */
export type FileKey = string;

/** A name that leads to a file, a link or its own. */
export interface FoundName {
  readonly path: string;
  /** Name of the source. */
  readonly source: string;
  /** Whether the source's `paths` match; a rotated generation is only looked at to see what it continues. */
  readonly matched: boolean;
  /** Where a symbolic link leads. */
  readonly real?: string;
  /** The path without links. */
  readonly at: string;
  /** A `rotated` pattern names it: it can continue any tail of its source, whatever its name. */
  readonly anyName?: true;
}

/** One inode as a scan found it. The first name is the one that counts. */
export interface FoundFile {
  readonly key: FileKey;
  readonly names: readonly [FoundName, ...FoundName[]];
  readonly stats: Pick<FileStats, 'dev' | 'ino' | 'size' | 'mtimeMs' | 'ctimeMs' | 'birthtimeMs'>;
}

export interface Snapshot {
  readonly files: ReadonlyMap<FileKey, FoundFile>;
  /** The file at a path, if any. */
  at(path: string): FoundFile | undefined;
  /** The file to which a symbolic link leads, by its own path. */
  behindLink(path: string): FileKey | undefined;
  /** Paths that a second source matches, too. */
  readonly overlaps: readonly Overlap[];
  /** Paths that match, or directories on the way to some, that cannot be reached. */
  readonly unreachable: ReadonlyMap<string, Unreachable>;
  /** Names that are not followed, for what they lead to; they count as absent. */
  readonly refused: readonly RefusedName[];
  /** Proof of absence: the directory could be looked into (or is itself gone) and the file is not in it. */
  isAbsent(path: string): boolean;
  /** Whether a `rotated` pattern matches the path. */
  isElsewhere(path: string): boolean;
  /** Device of the directory that the path lies in; `undefined` when the directory is not there. */
  deviceAt(path: string): number | undefined;
  /** Directories that are worth watching, those with files first, each with its identity. */
  readonly directories: ReadonlyMap<string, string>;
}

export interface Unreachable {
  /** The system's. */
  readonly code: string;
  /** Name of the source. */
  readonly source: string;
}

export interface Overlap {
  readonly path: string;
  readonly source: string;
  readonly other: string;
}

/** What the walk over the patterns has gathered. */
export interface WalkResult {
  readonly names: readonly FoundName[];
  readonly overlaps: readonly Overlap[];
  readonly unreachable: ReadonlyMap<string, Unreachable>;
  readonly refused: readonly RefusedName[];
  readonly directories: ReadonlyMap<string, string>;
  readonly isAbsent: (path: string) => boolean;
  /** Why a file with this many names in sight must not be read, if so. */
  readonly refusal: (name: FoundName, stats: FileStats, namesSeen: number) => Promise<RefusedBecause | undefined>;
  readonly isElsewhere: (path: string) => boolean;
  readonly deviceAt: (path: string) => number | undefined;
}

// Enough to keep the thread pool busy, and no more, so that other work gets its turn.
const AT_ONCE = 32;
const JUDGED_AT_ONCE = 1_000;

/** Rejects with the signal's reason once that is aborted. */
export async function takeSnapshot(
  { names, isAbsent, refusal, ...walked }: WalkResult,
  files: Pick<Files, 'lstat'>,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const found = new Map<FileKey, WithStats>();
  const unreachable = new Map(walked.unreachable);
  const absent = new Set(walked.refused.map(({ path }) => path));
  for (let at = 0; at < names.length; at += AT_ONCE) {
    signal?.throwIfAborted();
    const few = names.slice(at, at + AT_ONCE);
    const looked = await Promise.all(
      few.map((name) => files.lstat(name.at).catch((error: unknown) => systemCode(error))),
    );
    looked.forEach((stats, index) => {
      const name = few[index]!;
      // A FIFO, a socket or a device is no log: what was one at this path is gone. So is what has become a link meanwhile.
      const missing = typeof stats === 'string' ? stats === 'ENOENT' || stats === 'ENOTDIR' : !stats.isFile;
      if (missing) absent.add(name.path);
      else if (typeof stats === 'string') unreachable.set(name.path, { code: stats, source: name.source });
      else addName(found, name, stats);
    });
  }
  const refused = [...walked.refused];
  let judged = 0;
  for (const [key, { names, stats }] of found) {
    if (++judged % JUDGED_AT_ONCE === 0) {
      await setImmediate();
      signal?.throwIfAborted();
    }
    const because = await refusal(names[0], stats, new Set(names.map((name) => name.at)).size);
    if (because === undefined) continue;
    found.delete(key);
    for (const { path, source } of names) {
      refused.push({ path, source, because });
      absent.add(path);
    }
  }
  const byPath = new Map<string, FoundFile>();
  const byReal = new Map<string, FileKey>();
  for (const file of found.values()) {
    for (const { path, real } of file.names) {
      byPath.set(path, file);
      if (real !== undefined) byReal.set(real, file.key);
    }
  }
  return {
    ...walked,
    files: found,
    unreachable,
    refused,
    at: (path) => byPath.get(path),
    behindLink: (path) => byReal.get(path),
    isAbsent: (path) => absent.has(path) || isAbsent(path),
  };
}

type WithStats = FoundFile & { readonly stats: FileStats };

function addName(files: Map<FileKey, WithStats>, name: FoundName, stats: FileStats): void {
  const key = `${stats.dev}:${stats.ino}`;
  const known = files.get(key);
  if (known === undefined) files.set(key, { key, names: [name], stats });
  else {
    // A matched name counts before an unmatched one, a path before a link to it.
    const [first, ...others] = [...known.names, name].sort((a, b) => rank(a) - rank(b));
    files.set(key, { ...known, names: [first!, ...others] });
  }
}

function rank({ matched, real }: FoundName): number {
  return (matched ? 0 : 2) + (real === undefined ? 0 : 1);
}
