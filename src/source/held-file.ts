/**
 * An open file that one Sources leaves to the next, when the configuration is
 * read again: it may have been deleted, and then nothing else leads to its text.
 * It is the caller's until the next one has started.
 */
import type { ByteOffset, Position } from '../model/position.js';
import type { Content } from './content.js';

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
