/** All rows of a stretch of a table, a page at a time: memory for one page, whatever the table holds. */

import type { Trail } from './audit-tables.js';
import type { Cells, Database } from './database.js';
import { rangesOf } from './id-ranges.js';

const ROWS = 1000;
const BYTES = 4 * 1024 * 1024;

/** Ascending, from id `from` to id `to`, both included; each page is one statement. */
export async function* scan(
  database: Database,
  trail: Trail,
  { from, to }: { readonly from: number; readonly to: number },
): AsyncGenerator<readonly Cells[]> {
  for (let next = from; next <= to; ) {
    const heads = (await database.headsFrom(trail.table, next, ROWS)).filter(({ id }) => id <= to);
    let bytes = 0;
    const end = heads.findIndex((head, index) => {
      bytes += head.bytes;
      return index > 0 && bytes > BYTES;
    });
    const page = end === -1 ? heads : heads.slice(0, end);
    const last = page.at(-1);
    if (last === undefined) return;
    yield await database.rows(trail.table, trail.columns, rangesOf(page.map(({ id }) => id)));
    next = last.id + 1;
  }
}
