/** Ids as ranges: a thousand neighbours are one condition in a statement. Pure. */
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
