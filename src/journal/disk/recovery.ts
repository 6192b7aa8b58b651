/**
 * Loads the journal at a start. Reads the head of every segment and the newest
 * segment whole; damage further back is found when it is read for sending.
 * Nothing is changed on disk before the version of every file has been checked.
 */
import { join } from 'node:path';
import { reasonOf, systemCode } from '../../lib/errors.js';
import { type Files, removeIfThere } from '../../lib/files.js';
import type { Report } from '../../model/report.js';
import { type Seed, seedOf } from '../format/entry.js';
import { type Hole, scanSegment } from '../format/scan.js';
import { BacklogIndex } from './backlog-index.js';
import { type Checkpoint, checkpointBefore, EMPTY_CHECKPOINT, RunningCheckpoint } from './checkpoint.js';
import { type FoundCursor, readCursor } from './cursor.js';
import { type Layout, refuseExposed, segmentNumber } from './layout.js';
import { loadSegment, readSegment, type Segment, Segments } from './segments.js';

/** Enough to keep the disk busy without a thousand open files. */
const AT_ONCE = 16;

export interface LoadedJournal {
  /** The journal's id. */
  readonly id: string;
  readonly seed: Seed;
  readonly segments: Segments;
  readonly checkpoint: Checkpoint;
  readonly backlogIndex: BacklogIndex;
  /** The number that the next entry gets. */
  readonly nextEntry: number;
  readonly cursor: number;
  /** False when `cursor.json` has to be written anew. */
  readonly cursorStands: boolean;
}

export interface LoadDependencies {
  readonly files: Files;
  readonly report: Report;
  random(bytes: number): Buffer;
  /** No entry may have a number up to this one. */
  readonly taken: number;
}

type Loaded = Awaited<ReturnType<typeof loadSegment>>;

/** Throws AgentError `journal-newer`, `journal-exposed`, and what the disk says. */
export async function loadJournal(
  layout: Layout,
  { files, report, random, taken }: LoadDependencies,
): Promise<LoadedJournal> {
  const all = await files.readdir(layout.segments);
  const nonFiles = await nonFilesAmong(all, layout, files);
  const names = all.filter((name) => !nonFiles.has(name));
  const loaded = await loadAll(names, layout, files);
  const found = await readCursor(layout.cursor, files);
  const id = electId(loaded, found) ?? random(16).toString('hex');
  const seed = seedOf(id);

  await setAside(nonFiles, layout, { files, report });
  for (const name of names) if (name.endsWith('.new')) await removeIfThere(join(layout.segments, name), files);
  const own = await withoutForeign(loaded, { id, layout, files, report });
  const segments = new Segments(own);
  const backlogIndex = new BacklogIndex();
  for (const { first, known } of own)
    if (known !== undefined) backlogIndex.note({ entry: first, atMs: known.createdAtMs, messages: known.messages });
  const newest = await loadNewest(segments, { files, report, seed, backlogIndex });

  const usable = usableCursor(found, { id, newest, segments });
  if (usable.why !== undefined && (segments.newest !== undefined || found.kind !== 'missing')) {
    report.warning('The cursor cannot be used: what the journal still holds is sent again', {
      file: layout.cursor,
      reason: usable.why,
      from: usable.entry + 1,
    });
  }
  if (segments.newest === undefined && usable.entry > 0) {
    report.error('The segments of the journal are gone: log files are read again from their beginning', {
      directory: layout.segments,
    });
  }
  return {
    id,
    seed,
    segments,
    checkpoint: newest.checkpoint,
    backlogIndex,
    nextEntry: Math.max(newest.nextEntry, taken + 1, segments.newest === undefined ? usable.entry + 1 : 1),
    cursor: usable.entry,
    cursorStands: usable.why === undefined,
  };
}

async function loadAll(names: readonly string[], layout: Layout, files: Files): Promise<Loaded[]> {
  const numbers = names.map(segmentNumber).filter((number) => number !== undefined);
  const loaded: Loaded[] = [];
  for (let at = 0; at < numbers.length; at += AT_ONCE) {
    const some = numbers.slice(at, at + AT_ONCE);
    loaded.push(...(await Promise.all(some.map((first) => loadSegment(first, layout.segment(first), files)))));
  }
  for (const { segment, mode } of loaded) refuseExposed(segment.path, { mode, isDirectory: false });
  return loaded.toSorted((a, b) => a.segment.first - b.segment.first);
}

/** The id that most files carry, so that one stray file does not make all the others foreign; of two, the segment's. */
function electId(loaded: readonly Loaded[], found: FoundCursor): string | undefined {
  const votes = new Map<string, number>();
  const vote = (id: string) => votes.set(id, (votes.get(id) ?? 0) + 1);
  for (const { head } of loaded.toReversed()) if (head !== undefined) vote(head.journal);
  if (found.kind === 'cursor') vote(found.cursor.journal);
  return [...votes].toSorted(([, a], [, b]) => b - a)[0]?.[0];
}

async function withoutForeign(
  loaded: readonly Loaded[],
  { id, layout, files, report }: { id: string; layout: Layout; files: Files; report: Report },
): Promise<Segment[]> {
  const own: Segment[] = [];
  for (const { segment, head } of loaded) {
    if (head === undefined || head.journal === id) {
      own.push(segment);
      continue;
    }
    const aside = join(layout.quarantine, `${String(segment.first).padStart(20, '0')}.${head.journal}.foreign`);
    try {
      await files.rename(segment.path, aside);
      report.error('A segment of another journal was set aside', { file: segment.path, to: aside });
    } catch (error) {
      report.error('A segment of another journal is ignored', { file: segment.path, reason: reasonOf(error) });
    }
  }
  return own;
}

interface Newest {
  readonly checkpoint: Checkpoint;
  readonly nextEntry: number;
}

async function loadNewest(
  segments: Segments,
  { files, report, seed, backlogIndex }: { files: Files; report: Report; seed: Seed; backlogIndex: BacklogIndex },
): Promise<Newest> {
  const newest = segments.newest;
  if (newest === undefined) return { checkpoint: EMPTY_CHECKPOINT, nextEntry: 1 };
  const before = (await checkpointBefore(newest, { segments, files, seed })) ?? EMPTY_CHECKPOINT;
  const limit = Number.POSITIVE_INFINITY;
  const bytes = await readSegment(newest, files);

  const checkpoint = new RunningCheckpoint(before);
  let reached = newest.first - 1;
  let tail: Hole | undefined;
  for (const step of scanSegment(bytes, { start: newest.start, first: newest.first, limit, seed })) {
    tail = step.kind === 'hole' ? step : undefined;
    if (step.kind === 'hole') continue;
    const { number: entry, writtenAtMs: atMs } = step.entry;
    backlogIndex.note({ entry, atMs, messages: checkpoint.messages });
    checkpoint.pass(step.entry);
    reached = entry;
  }
  if (tail?.torn && (newest.known !== undefined || reached >= newest.first)) {
    await cut(newest, tail, { segments, files, report });
    return { checkpoint, nextEntry: reached + 1 };
  }
  // Damage at the end leaves a number out, so that its reader meets a gap there and tells.
  const damaged = tail !== undefined || (newest.known === undefined && reached < newest.first);
  return { checkpoint, nextEntry: Math.max(reached, tail?.legible.at(-1)?.number ?? 0, damaged ? reached + 1 : 0) + 1 };
}

/** A write that was cut short by a crash: nothing of it was ever sent, and its lines are read again. */
async function cut(
  segment: Segment,
  { offset }: Hole,
  { segments, files, report }: { segments: Segments; files: Files; report: Report },
): Promise<void> {
  const facts = { file: segment.path, offset, bytes: segment.end - offset };
  segments.grow(segment, offset - segment.end);
  try {
    const file = await files.open(segment.path, 'write');
    try {
      await file.truncate(offset);
      await file.datasync();
    } finally {
      await file.close();
    }
    report.notice('An unfinished write was cut off the journal', facts);
  } catch (error) {
    // The next segment's head says where this one ends: the rest is passed over in any case.
    report.warning('An unfinished write at the end of the journal is ignored', {
      ...facts,
      reason: reasonOf(error),
    });
  }
}

function usableCursor(
  found: FoundCursor,
  { id, newest, segments }: { id: string; newest: Newest; segments: Segments },
): { entry: number; why: string | undefined } {
  const start = (segments.oldest?.first ?? 1) - 1;
  if (found.kind !== 'cursor') return { entry: start, why: found.kind };
  const { journal, entry } = found.cursor;
  if (journal !== id) return { entry: start, why: 'it belongs to another journal' };
  if (segments.newest !== undefined && entry >= newest.nextEntry)
    return { entry: start, why: 'it points beyond the end' };
  return { entry, why: undefined };
}

/*
 * Names of segments that are not files: a directory, a pipe, a dangling link.
 * They are not opened, because reading a pipe would never end, but moved to the
 * quarantine, so that they do not take the name of a new segment.
 */

/** Of the names in the segments directory, those that look like a segment, finished or not, and are not files. */
async function nonFilesAmong(names: readonly string[], layout: Layout, files: Files): Promise<Set<string>> {
  const nonFiles = new Set<string>();
  for (const name of names) {
    const isOurs = segmentNumber(name) !== undefined || name.endsWith('.new');
    if (isOurs && !(await isFile(join(layout.segments, name), files))) nonFiles.add(name);
  }
  return nonFiles;
}

async function setAside(
  nonFiles: Iterable<string>,
  layout: Layout,
  { files, report }: { readonly files: Files; readonly report: Report },
): Promise<void> {
  for (const name of nonFiles) {
    const file = join(layout.segments, name);
    const to = join(layout.quarantine, `no-file-${name}`);
    try {
      await files.rename(file, to);
      report.error('Moved a non-file out of the segments directory', { file, to });
    } catch (error) {
      report.error('A non-file in the segments directory cannot be moved away', {
        file,
        reason: reasonOf(error),
        remedy: 'remove it',
      });
    }
  }
}

async function isFile(path: string, files: Files): Promise<boolean> {
  try {
    return (await files.stat(path)).isFile;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
