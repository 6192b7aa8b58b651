/**
 * Ids below the highest one seen whose rows are not in the file yet: missing
 * from the table (a transaction not yet committed, or rolled back), or there
 * without a side row. Each is awaited for a bounded time. Pure.
 */
import { countUpTo } from '../lib/sorted.js';
import type { IdRange } from './database/database.js';

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
