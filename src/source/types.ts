/** What sources are made with: where the files are, and what is given of the world. */
import type { Clock } from '../lib/clock.js';
import type { Files } from '../lib/files.js';
import type { RaisesProblems } from '../lib/problems.js';
import type { ByteOffset, Position, TailId } from '../model/position.js';
import type { Report } from '../model/report.js';
import type { Content } from './read/content.js';
import type { WatchFiles } from './watch/watcher.js';

/** What the agent tells the collector in a message of its own: text that was there and can no longer be read. */
export interface Notice {
  readonly kind: 'gap';
  readonly source: string;
  /** The path under which the file was last seen. */
  readonly path: string;
  readonly tailId: TailId;
  readonly fromOffset: ByteOffset;
  /** `undefined` when nobody can say how much there was. */
  readonly toOffset: ByteOffset | undefined;
  readonly reason: LossReason;
}

/**
 * - `truncated`: the file became shorter than what had been read or seen
 * - `overwritten`: other text stands where text had been read
 * - `deleted`: the file disappeared while it was watched
 * - `rotated-away`: the file was gone when the agent came back
 */
export type LossReason = 'truncated' | 'overwritten' | 'deleted' | 'rotated-away';

export interface SourceOptions {
  readonly name: string;
  readonly paths: readonly string[];
  readonly exclude: readonly string[];
  readonly startAt: 'beginning' | 'end';
  readonly rotated: readonly string[];
  readonly partialLineTimeoutMs: number;
  readonly maxLineBytes: number;
}

export interface SourcesDependencies {
  readonly clock: Clock;
  readonly files: Pick<Files, 'open' | 'list' | 'stat' | 'lstat' | 'readlink' | 'realpath' | 'volume'>;
  readonly report: Report;
  readonly problems: RaisesProblems;
  /** Text that is gone unread, to be told to the collector. */
  readonly notice: (notice: Notice) => void;
  /** A random 64-bit id in 16 hex digits. */
  readonly newTailId: () => string;
  /** Names of the sources that have run before: `startAt: end` is over for them. Default: those with a known position. */
  readonly startedBefore?: ReadonlySet<string>;
  /** Files that an earlier Sources has left open. */
  readonly held?: readonly HeldFile[];
  /** Files and directories of the agent, which are never followed: key, certificates, configuration, journal. Default: none. */
  readonly ownPaths?: readonly string[];
  /** The user that the agent runs as. Default: that of this process. */
  readonly uid?: number;
  /** Default: 512, or less when the process may open few. */
  readonly maxOpenFiles?: number;
  /** Default 5000. */
  readonly pollMs?: number;
  /** Ends the first look, when the agent is told to stop while it starts. Default: never. */
  readonly stop?: AbortSignal;
  /** Default: inotify by chokidar. */
  readonly watch?: WatchFiles;
}

/**
 * An open file that one Sources leaves to the next, when the configuration is
 * read again: it may have been deleted, and then nothing else leads to its text.
 * It is the caller's until the next one has started.
 */
export interface HeldFile {
  /** Where its tail was first seen: what the journal does not know of it is read from there. */
  readonly first: Position;
  /** Read by the Sources that left it; the journal may know of less. */
  readonly offset: ByteOffset;
  /** Out of sight: only the open file leads to the text. */
  readonly unlinked: boolean;
  readonly content: Content;
}

/**
 * Where to begin: at what the journal knows, and, of files of which nothing has reached it, where they were first
 * seen. `patterns` say whose a path is now: a source may have been renamed while its file is out of sight.
 */
export function startsOf(
  known: readonly Position[],
  files: readonly HeldFile[],
  patterns: { sourceOf(path: string, before: string): string | undefined },
): Position[] {
  const held = new Set(files.map(({ first }) => first.tailId));
  const ids = new Set(known.map(({ tailId }) => tailId));
  const unread = files.map(({ first }) => first).filter(({ tailId }) => !ids.has(tailId));
  return [...known, ...unread].map((position) => {
    const source = held.has(position.tailId) ? patterns.sourceOf(position.path, position.source) : undefined;
    return source === undefined ? position : { ...position, source };
  });
}

/** Closes those that none of `keepers` has. */
export async function closeOthers(
  files: readonly HeldFile[],
  keepers: readonly { readonly content: Content | undefined }[],
): Promise<void> {
  const kept = new Set(keepers.map(({ content }) => content));
  for (const { content } of files) if (!kept.has(content)) await content.close().catch(() => undefined);
}
