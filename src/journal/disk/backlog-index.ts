/**
 * Remembers for some entries when they were written and how many messages lie
 * before them, so that `status` answers at once whatever the backlog. Its size is
 * bounded: points are thinned out, and what lies between two is estimated.
 */
import { countUpTo } from '../../lib/sorted.js';
import type { QueuedEntry } from '../write/commit-queue.js';

export interface BacklogPoint {
  readonly entry: number;
  readonly atMs: number;
  /** Messages in the journal, ever, before this entry. */
  readonly messages: number;
}

const MAX = 4096;

export class BacklogIndex {
  #points: BacklogPoint[] = [];
  /** Entries between two points at least; doubled whenever there are too many. */
  #stride = 1;

  /** In ascending order of entries. */
  note(point: BacklogPoint): void {
    const newest = this.#points.at(-1);
    if (newest !== undefined && point.entry < newest.entry + this.#stride) return;
    this.#points.push(point);
    if (this.#points.length <= MAX) return;
    this.#points = this.#points.filter((_, index) => index % 2 === 0);
    this.#stride *= 2;
  }

  /** Entries that have just been written; `messages` is the count after them. */
  noteGroup(group: readonly QueuedEntry[], messages: number): void {
    let before = messages - group.reduce((sum, { entry }) => sum + entry.count, 0);
    for (const { number, writtenAtMs, entry } of group) {
      this.note({ entry: number, atMs: writtenAtMs, messages: before });
      before += entry.count;
    }
  }

  /** What lies before `entry` is not asked for any more. */
  forget(entry: number): void {
    const at = this.#indexAt(entry);
    if (at > 0) this.#points.splice(0, at);
    if (this.#points.length < MAX / 4) this.#stride = 1;
  }

  /** When `entry` was written, or the nearest point before it. */
  atMs(entry: number): number | undefined {
    return this.#points[Math.max(0, this.#indexAt(entry))]?.atMs;
  }

  /** Messages before `entry`; exact at a point, and at the end that the caller knows. */
  messages(entry: number, end: { readonly entry: number; readonly messages: number }): number {
    if (entry >= end.entry) return end.messages;
    const at = this.#indexAt(entry);
    const before = this.#points[at];
    if (before === undefined) return this.#points[0]?.messages ?? end.messages;
    const after = this.#points[at + 1] ?? end;
    const share = (entry - before.entry) / (after.entry - before.entry);
    return before.messages + Math.round(share * (after.messages - before.messages));
  }

  /** The last point that is not after `entry`, or -1. */
  #indexAt(entry: number): number {
    return countUpTo(this.#points, entry, (point) => point.entry) - 1;
  }
}
