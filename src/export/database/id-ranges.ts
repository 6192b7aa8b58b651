/** Writes ids as ranges, so that a thousand neighbours are one condition in a statement. Pure. */
import type { IdRange } from './database.js';

/** Ascending ids, each once, as the fewest ranges that hold them and nothing else. */
export function rangesOf(ids: Iterable<number>): IdRange[] {
  const ranges: { from: number; to: number }[] = [];
  for (const id of ids) {
    const last = ranges.at(-1);
    if (last !== undefined && id === last.to + 1) last.to = id;
    else ranges.push({ from: id, to: id });
  }
  return ranges;
}

/** What ascending ids leave out between `from` and `to`, both included. */
export function gapsBetween(from: number, to: number, ids: Iterable<number>): IdRange[] {
  const gaps: IdRange[] = [];
  let next = from;
  for (const id of ids) {
    if (id < next) continue;
    if (id > to) break;
    if (id > next) gaps.push({ from: next, to: id - 1 });
    next = id + 1;
  }
  if (next <= to) gaps.push({ from: next, to });
  return gaps;
}

/* Finds a place in a table by a column that has no index but grows with the primary key. */

/**
 * The lowest id from which on rows are past it, as far as they are ordered;
 * `highest + 1` when none is. `first` gives the first row with an id of at least `from`.
 */
export async function bisect<T extends { readonly id: number }>(
  first: (from: number) => Promise<T | undefined>,
  isPast: (row: T) => boolean,
  highest: number,
): Promise<number> {
  let low = 0;
  let high = highest + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = await first(middle);
    if (row === undefined || isPast(row)) high = middle;
    else low = row.id + 1;
  }
  return low;
}

/*
 * OpenEMR's `date`: wall time without a zone, so that two of one table can be
 * compared but none with a clock. In autumn an hour comes twice. Pure.
 */

/** Clocks go back by an hour; two make a difference that cannot come from it. */
const DOUBLED_HOUR_MS = 2 * 3_600_000;

/** True when a row of this date was surely written `byMs` before the other. An unreadable date proves nothing. */
export function isSurelyOlder(date: string | null, than: string | null, byMs: number): boolean {
  const distance = millisecondsOf(than) - millisecondsOf(date);
  return distance > byMs + DOUBLED_HOUR_MS;
}

/** `2026-11-20 07:58:01` as `20261120T075801`; undefined when it is no date. */
export function compactDate(date: string | null): string | undefined {
  return Number.isNaN(millisecondsOf(date)) ? undefined : date?.slice(0, 19).replaceAll(/[-:]/g, '').replace(' ', 'T');
}

function millisecondsOf(date: string | null): number {
  return date === null ? Number.NaN : Date.parse(`${date.slice(0, 19).replace(' ', 'T')}Z`);
}
