/**
 * Where the rows went when the table was replaced. "Eventlog backup" renames
 * `log` to `log_backup`, dumps that and drops it: until then, what was not
 * exported in time is still to be had.
 */

import { digestOf, type Trail } from './database/audit-tables.js';
import type { Database, Schema } from './database/database.js';
import { rangesOf } from './database/id-ranges.js';
import type { Known } from './known.js';

/** Any of the last rows proves it; one may have been tampered with. */
const WITNESSES = 20;

/** What stands behind the table's name now (`_backup`); undefined when no table that can be read holds the rows. */
export async function findRenamed(
  database: Database,
  schema: Schema,
  trail: Trail,
  known: Known,
): Promise<string | undefined> {
  const witnesses = known.anchors(WITNESSES);
  for (const [table, columns] of schema) {
    if (table === trail.table || !table.startsWith(`${trail.table}_`)) continue;
    if (!['id', 'date', 'event', 'user'].every((column) => columns.has(column))) continue;
    const rows = await database.rows(table, trail.columns, rangesOf(witnesses));
    if (rows.some((cells) => digestOf(trail, cells) === known.get(Number(cells.id))?.digest)) {
      return table.slice(trail.table.length);
    }
  }
  return undefined;
}
