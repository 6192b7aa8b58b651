/**
 * Works out what a hole in a segment means: which messages are missing, and which
 * ranges of which files have to be read again. It follows from what surrounds it: every
 * entry says where its tail stood before (`from`) and after (`to`), and the next
 * segment's head where all tails stand. Pure.
 */
import type { MessageName } from '../../model/entry.js';
import type { Position, TailId } from '../../model/position.js';
import type { Checkpoint } from '../disk/checkpoint.js';
import type { EntryHead } from '../format/entry.js';
import type { Hole, Step } from '../format/scan.js';
import type { LostRange, MissingMessages } from '../types.js';

/** What is known where a segment ends. */
export interface Afterwards extends Checkpoint {
  /** False when `last` is only what was found intact. */
  readonly certain: boolean;
}

export interface DescribedHole {
  readonly hole: Hole;
  readonly missing: readonly MissingMessages[];
  readonly ranges: readonly LostRange[];
}

/** `before` is undefined when nothing tells: then every file is read again from its beginning. */
export function describeHoles(
  steps: Iterable<Step>,
  before: Checkpoint | undefined,
  after: Afterwards,
): DescribedHole[] {
  const tails = new Map<TailId, Position>(before?.positions);
  const found: { hole: Hole; missing: MissingMessages[]; ranges: LostRange[] }[] = [];
  let last = before?.last;
  let open: (typeof found)[number] | undefined;

  for (const step of steps) {
    if (step.kind === 'hole') {
      open = { hole: step, missing: [], ranges: [] };
      found.push(open);
      continue;
    }
    const { entry } = step;
    if (open !== undefined) {
      if (losesEntries(open.hole))
        open.missing.push(...between(last, { run: entry.first.run, seq: entry.first.seq - 1 }));
      open = undefined;
    }
    if (entry.count > 0) last = { run: entry.first.run, seq: entry.first.seq + entry.count - 1 };
    if (entry.to === undefined) continue;
    const latest = found.at(-1);
    if (latest !== undefined) latest.ranges.push(...skipped(tails.get(entry.to.tailId), entry.to, entry.from));
    if (entry.to.gone) tails.delete(entry.to.tailId);
    else tails.set(entry.to.tailId, entry.to);
  }

  if (open !== undefined && losesEntries(open.hole)) {
    open.missing.push(...(after.certain ? between(last, after.last) : upToWhatIsLegible(last, open.hole.legible)));
  }
  found.at(-1)?.ranges.push(...stillBehind(tails, after.positions));
  return found;
}

function losesEntries({ firstEntry, lastEntry }: Hole): boolean {
  return lastEntry === undefined || lastEntry >= firstEntry;
}

/** The messages after `last`, up to `next` and with it. */
export function between(last: MessageName | undefined, next: MessageName | undefined): MissingMessages[] {
  if (next === undefined) return [];
  if (last?.run === next.run) {
    return next.seq > last.seq ? [{ run: last.run, firstSeq: last.seq + 1, lastSeq: next.seq }] : [];
  }
  const ofNext = next.seq > 0 ? [{ run: next.run, firstSeq: 1, lastSeq: next.seq }] : [];
  return last === undefined ? ofNext : [{ run: last.run, firstSeq: last.seq + 1, lastSeq: undefined }, ...ofNext];
}

function upToWhatIsLegible(last: MessageName | undefined, legible: readonly EntryHead[]): MissingMessages[] {
  const head = legible.findLast(({ count }) => count > 0);
  if (head !== undefined) return between(last, { run: head.run, seq: head.firstSeq + head.count - 1 });
  return last === undefined || legible.length > 0
    ? []
    : [{ run: last.run, firstSeq: last.seq + 1, lastSeq: undefined }];
}

/** What lies between where the tail stood and where its next entry begins. */
function skipped(known: Position | undefined, to: Position, from = to.offset): LostRange[] {
  const start = known?.offset ?? 0;
  return start < from ? [{ tailId: to.tailId, path: to.path, from: start, to: from, position: to }] : [];
}

function stillBehind(tails: ReadonlyMap<TailId, Position>, after: ReadonlyMap<TailId, Position>): LostRange[] {
  const forgotten = [...tails.values()].filter(({ tailId }) => !after.has(tailId));
  return [
    ...[...after.values()].flatMap((position) => skipped(tails.get(position.tailId), position)),
    ...forgotten.map((position) => ({
      tailId: position.tailId,
      path: position.path,
      from: position.offset,
      to: undefined,
      position,
    })),
  ];
}
