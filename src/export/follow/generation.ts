/** Tracks a generation, the rows whose ids count in one table, and how far it has been exported. */
import { countUpTo } from '../../lib/sorted.js';
import type { Trail } from '../database/audit-tables.js';
import type { Head, IdRange } from '../database/database.js';
import { compactDate, gapsBetween } from '../database/id-ranges.js';

export class Generation {
  readonly name: string;
  readonly known: Known;
  readonly awaited = new Awaited();
  /** The highest id that was looked at; those below are in the file, awaited, or will not come. */
  reached: number;

  constructor(name: string, known: Known, reached = known.highest) {
    this.name = name;
    this.known = known;
    this.reached = reached;
  }

  /** Every row below is settled. */
  get awaiting(): number {
    return Math.min(this.awaited.lowest, this.reached + 1);
  }
}

/** Its name is the date of the table's first row: the same rows get the same name again should the files be lost. Pure. */
export function generationName(trail: Trail, first: Head, previous: string | undefined): string {
  const name = firstName(trail, first);
  if (previous === undefined || previous.split('.')[0] !== name) return name;
  // Two tables whose first rows have the same date: the second of them, the third …
  return `${name}.${Number(previous.split('.')[1] ?? 1) + 1}`;
}

function firstName(trail: Trail, first: Head): string {
  return trail.generationPrefix + (compactDate(first.date) ?? `row${first.id}`);
}

/** The name of an earlier generation that a table with this first row may be; undefined when it began after the previous one. */
export function earlierName(trail: Trail, first: Head, previous: string): string | undefined {
  const name = firstName(trail, first);
  const isLater = compactDate(first.date) !== undefined && name > (previous.split('.')[0] ?? '');
  return isLater ? undefined : name;
}

/**
 * The rows at the end of a generation that are known to be in the file: a
 * window that slides. What is missing from it is not in the file, what is in
 * it can be compared with the table. Pure.
 */
export interface KnownRow {
  readonly digest: string;
  /** Of its side rows; undefined: they were not all there when it was written. */
  readonly sides: string | undefined;
  /** "Eventlog backup" may have dropped them with a table that they had got into: that they are gone says nothing. */
  readonly mayLoseSides: boolean;
  readonly date: string | null;
  /** `missing`: not in the table just now; `deleted`: said so in the file. */
  readonly presence: 'present' | 'missing' | 'deleted';
}

export class Known {
  readonly #rows = new Map<number, KnownRow>();
  /** Ascending. */
  #ids: number[] = [];
  /** Every row of this generation from here on that is in the file is in the window. */
  #low: number;

  constructor(low: number) {
    this.#low = low;
  }

  get low(): number {
    return this.#low;
  }

  get size(): number {
    return this.#ids.length;
  }

  /** The highest id ever written, or the one before the beginning. */
  get highest(): number {
    return this.#ids.at(-1) ?? this.#low - 1;
  }

  /** Ascending. */
  get ids(): readonly number[] {
    return this.#ids;
  }

  get(id: number): KnownRow | undefined {
    return this.#rows.get(id);
  }

  set(id: number, row: KnownRow): void {
    if (!this.#rows.has(id)) this.#ids.splice(this.#placeOf(id), 0, id);
    this.#rows.set(id, row);
  }

  gapsUpTo(reached: number, from = this.#low): IdRange[] {
    return gapsBetween(from, reached, this.#ids);
  }

  /**
   * The highest rows, ascending, that were in the table when it was last
   * looked at: while one of them is there, unchanged, it is the same table.
   */
  anchors(count: number): number[] {
    const anchors: number[] = [];
    for (let at = this.#ids.length - 1; at >= 0 && anchors.length < count; at -= 1) {
      const id = this.#ids[at]!;
      if (this.#rows.get(id)?.presence === 'present') anchors.unshift(id);
    }
    return anchors;
  }

  /** Forgets what lies both below the awaited rows and beyond the window. */
  slide(awaiting: number, window: number): void {
    // Not for each single row.
    if (this.#ids.length < 2 * window) return;
    const low = Math.min(awaiting, this.#ids.at(-window) ?? awaiting);
    for (const id of this.#ids.splice(0, this.#placeOf(low))) this.#rows.delete(id);
    this.#low = Math.max(this.#low, low);
  }

  /** Where the first id that is not below stands. Rows come nearly in order: the end is looked at first. */
  #placeOf(id: number): number {
    return id > this.highest ? this.#ids.length : countUpTo(this.#ids, id - 1, (known) => known);
  }
}

/**
 * Ids below the highest one seen whose rows are not in the file yet: missing
 * from the table (a transaction not yet committed, or rolled back), or there
 * without a side row. Each is awaited for a bounded time. Pure.
 */
interface AwaitedRange extends IdRange {
  /** Monotonic, when it was first missed. */
  readonly sinceMs: number;
}

/** Beyond this many, reading ahead stops until some have settled: memory is bounded, and so is the wait. */
const FULL = 20_000;

export class Awaited {
  /** Ascending, none touching another's ids. */
  #ranges: AwaitedRange[] = [];

  /** The lowest awaited id; Infinity when there is none. */
  get lowest(): number {
    return this.#ranges[0]?.from ?? Number.POSITIVE_INFINITY;
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  get isFull(): boolean {
    return this.#ranges.length >= FULL;
  }

  get ranges(): readonly IdRange[] {
    return this.#ranges;
  }

  /** Ranges in any order; ids that are awaited already keep their time. */
  add(ranges: readonly IdRange[], nowMs: number): void {
    for (const range of ranges) this.#insert(range, nowMs);
  }

  remove(id: number): void {
    const at = this.#find(id);
    const range = this.#ranges[at];
    if (range === undefined || id < range.from) return;
    const { from, to, sinceMs } = range;
    const left = [];
    if (from < id) left.push({ from, to: id - 1, sinceMs });
    if (id < to) left.push({ from: id + 1, to, sinceMs });
    this.#ranges.splice(at, 1, ...left);
  }

  has(id: number): boolean {
    const range = this.#ranges[this.#find(id)];
    return range !== undefined && range.from <= id;
  }

  isDue(id: number, nowMs: number, settleMs: number): boolean {
    const range = this.#ranges[this.#find(id)];
    return range !== undefined && range.from <= id && nowMs - range.sinceMs >= settleMs;
  }

  /** Stops waiting for what has been awaited for `settleMs`. */
  giveUp(nowMs: number, settleMs: number): void {
    this.#ranges = this.#ranges.filter(({ sinceMs }) => nowMs - sinceMs < settleMs);
  }

  /** Stops waiting for all but these; `ids` ascend. */
  retain(ids: readonly number[]): void {
    this.#ranges = ids.flatMap((id) => {
      const range = this.#ranges[this.#find(id)];
      return range !== undefined && range.from <= id ? [{ from: id, to: id, sinceMs: range.sinceMs }] : [];
    });
  }

  #insert({ from, to }: IdRange, sinceMs: number): void {
    let next = from;
    let at = this.#find(from);
    for (; next <= to; at += 1) {
      const range = this.#ranges[at];
      if (range === undefined || range.from > to) {
        this.#ranges.splice(at, 0, { from: next, to, sinceMs });
        return;
      }
      if (range.from > next) {
        this.#ranges.splice(at, 0, { from: next, to: range.from - 1, sinceMs });
        at += 1;
      }
      next = range.to + 1;
    }
  }

  /** The first range that does not end below `id`. */
  #find(id: number): number {
    return countUpTo(this.#ranges, id - 1, ({ to }) => to);
  }
}
