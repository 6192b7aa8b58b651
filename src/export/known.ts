/**
 * The rows at the end of a generation that are known to be in the file: a
 * window that slides. What is missing from it is not in the file, what is in
 * it can be compared with the table. Pure.
 */
import { countUpTo } from '../lib/sorted.js';
import type { IdRange } from './database/database.js';
import { gapsBetween } from './database/id-ranges.js';

export interface KnownRow {
  readonly digest: string;
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
