/**
 * What a start finds in the journal's directory. Reads the head of every
 * segment and the newest one whole; damage further back is met when it is read
 * for sending. Nothing is changed before every version has been checked.
 */
import { join } from 'node:path';
import { reasonOf, systemCode } from '../../lib/errors.js';
import { type Files, removeIfThere } from '../../lib/files.js';
import type { Report } from '../../model/report.js';
import { type Seed, seedOf } from '../format/entry.js';
import { type Hole, walk } from '../format/scan.js';
import { Milestones } from './backlog-index.js';
import { NOWHERE, Stand, type Standing, standingBefore } from './checkpoint.js';
import { type FoundCursor, readCursor } from './cursor.js';
import { type Layout, refuseExposed, segmentNumber } from './layout.js';
import { loadSegment, readSegment, type Segment, Segments } from './segments.js';

/** Enough to keep the disk busy without a thousand open files. */
const AT_ONCE = 16;

export interface Recalled {
  /** The journal's id. */
  readonly id: string;
  readonly seed: Seed;
  readonly segments: Segments;
  readonly standing: Standing;
  readonly milestones: Milestones;
  /** The number that the next entry gets. */
  readonly nextEntry: number;
  readonly cursor: number;
  /** False when `cursor.json` has to be written anew. */
  readonly cursorStands: boolean;
}

export interface RecallDependencies {
  readonly files: Files;
  readonly report: Report;
  random(bytes: number): Buffer;
  /** No entry may have a number up to this one. */
  readonly taken: number;
}

type Loaded = Awaited<ReturnType<typeof loadSegment>>;

/** Throws AgentError `journal-newer`, `journal-exposed`, and what the disk says. */
export async function recall(layout: Layout, { files, report, random, taken }: RecallDependencies): Promise<Recalled> {
  const all = await files.readdir(layout.segments);
  const strangers = await strangersAmong(all, layout, files);
  const names = all.filter((name) => !strangers.has(name));
  const loaded = await loadAll(names, layout, files);
  const found = await readCursor(layout.cursor, files);
  const id = electId(loaded, found) ?? random(16).toString('hex');
  const seed = seedOf(id);

  await setAside(strangers, layout, { files, report });
  for (const name of names) if (name.endsWith('.new')) await removeIfThere(join(layout.segments, name), files);
  const own = await withoutForeign(loaded, { id, layout, files, report });
  const segments = new Segments(own);
  const milestones = new Milestones();
  for (const { first, known } of own)
    if (known !== undefined) milestones.note({ entry: first, atMs: known.createdAtMs, messages: known.messages });
  const newest = await recallNewest(segments, { files, report, seed, milestones });

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
    standing: newest.standing,
    milestones,
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

/** The id that most files carry, so that one stray file does not make strangers of the others; of two, the segment's. */
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
      report.error('A segment of another journal is passed over', { file: segment.path, reason: reasonOf(error) });
    }
  }
  return own;
}

interface Newest {
  readonly standing: Standing;
  readonly nextEntry: number;
}

async function recallNewest(
  segments: Segments,
  { files, report, seed, milestones }: { files: Files; report: Report; seed: Seed; milestones: Milestones },
): Promise<Newest> {
  const newest = segments.newest;
  if (newest === undefined) return { standing: NOWHERE, nextEntry: 1 };
  const before = (await standingBefore(newest, { segments, files, seed })) ?? NOWHERE;
  const limit = Number.POSITIVE_INFINITY;
  const bytes = await readSegment(newest, files);

  const standing = new Stand(before);
  let reached = newest.first - 1;
  let tail: Hole | undefined;
  for (const step of walk(bytes, { start: newest.start, first: newest.first, limit, seed })) {
    tail = step.kind === 'hole' ? step : undefined;
    if (step.kind === 'hole') continue;
    const { number: entry, writtenAtMs: atMs } = step.entry;
    milestones.note({ entry, atMs, messages: standing.messages });
    standing.pass(step.entry);
    reached = entry;
  }
  if (tail?.torn && (newest.known !== undefined || reached >= newest.first)) {
    await cut(newest, tail, { segments, files, report });
    return { standing, nextEntry: reached + 1 };
  }
  // Damage at the end leaves a number out, so that its reader meets a gap there and tells.
  const damaged = tail !== undefined || (newest.known === undefined && reached < newest.first);
  return { standing, nextEntry: Math.max(reached, tail?.legible.at(-1)?.number ?? 0, damaged ? reached + 1 : 0) + 1 };
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
    report.warning('An unfinished write at the end of the journal is passed over', {
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
 * What lies where segments lie and is no file: a directory, a pipe, a link to
 * nothing. It is not opened, for a pipe would be waited for without end, and it
 * is moved to the quarantine, so that it does not stand in a new segment's way.
 */

/** Of the names in the directory of segments, those that a segment has, or one that was not finished, and no file. */
async function strangersAmong(names: readonly string[], layout: Layout, files: Files): Promise<Set<string>> {
  const strangers = new Set<string>();
  for (const name of names) {
    const isOurs = segmentNumber(name) !== undefined || name.endsWith('.new');
    if (isOurs && !(await isFile(join(layout.segments, name), files))) strangers.add(name);
  }
  return strangers;
}

async function setAside(
  strangers: Iterable<string>,
  layout: Layout,
  { files, report }: { readonly files: Files; readonly report: Report },
): Promise<void> {
  for (const name of strangers) {
    const file = join(layout.segments, name);
    const to = join(layout.quarantine, `no-file-${name}`);
    try {
      await files.rename(file, to);
      report.error('What is no file was set aside from the segments', { file, to });
    } catch (error) {
      report.error('What is no file lies among the segments', { file, reason: reasonOf(error), remedy: 'remove it' });
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
