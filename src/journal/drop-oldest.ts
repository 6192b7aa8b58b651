/** `whenFull: drop-oldest`: gives up the oldest segment, and counts exactly the messages in it that nobody has acknowledged. */
import type { CursorKeeper } from './cursor-keeper.js';
import { between } from './damage.js';
import type { Seed } from './entry-codec.js';
import type { Files } from './files.js';
import type { Dropped } from './notice.js';
import { readSegment } from './read-segment.js';
import type { Segment, Segments } from './segments.js';
import { NOWHERE, Stand, standingBefore } from './standing.js';
import { walk } from './walk.js';
import type { Writer } from './writer.js';

export interface DropDependencies {
  readonly files: Files;
  readonly segments: Segments;
  readonly seed: Seed;
  readonly writer: Writer;
  readonly cursor: CursorKeeper;
}

/** Moves the cursor behind the oldest segment, so that it is removed; undefined when there is none that may go. */
export async function dropOldest(dependencies: DropDependencies): Promise<Omit<Dropped, 'kind'> | undefined> {
  const { segments, writer, cursor } = dependencies;
  if (segments.all.length === 1) await writer.roll();
  const oldest = segments.oldest;
  const next = oldest && segments.after(oldest);
  if (oldest === undefined || next === undefined) return undefined;

  const kept = await acknowledgedIn(oldest, dependencies);
  const end = (await standingBefore(next, dependencies)) ?? NOWHERE;
  await cursor.moveTo(next.first - 1);
  return {
    messages: end.messages - kept.messages,
    // A segment holds messages of one run only: where the run changes, the one before is complete.
    missing: between(kept.last, end.last).filter(({ lastSeq }) => lastSeq !== undefined),
  };
}

/** Where things stand at the cursor, which may lie within the segment. */
async function acknowledgedIn(segment: Segment, { files, segments, seed, cursor }: DropDependencies): Promise<Stand> {
  const stand = new Stand((await standingBefore(segment, { segments, files, seed })) ?? NOWHERE);
  if (cursor.entry < segment.first) return stand;
  const { start, first } = segment;
  const bytes = await readSegment(segment, files);
  for (const step of walk(bytes, { start, first, limit: cursor.entry + 1, seed })) {
    if (step.kind === 'entry') stand.pass(step.entry);
  }
  return stand;
}
