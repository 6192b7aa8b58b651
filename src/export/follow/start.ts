/** Starts following: recovers the generation from the file, or begins one with the first row of a table. */
import type { StartAt } from '../../lib/start-at.js';
import { digestOf, type Trail } from '../database/audit-tables.js';
import type { Database, Schema } from '../database/database.js';
import { bisect, rangesOf } from '../database/id-ranges.js';
import type { AuditLog } from '../file/audit-file.js';
import type { Finding } from '../file/audit-line.js';
import { readBack } from '../file/recover.js';
import { Generation, generationName, Known } from './generation.js';

export type Recovery =
  | { readonly kind: 'between'; readonly previous: string | undefined }
  | { readonly kind: 'within'; readonly generation: Generation };

/** What the file knows. Ids that were awaited when it was last written to are awaited again, from now on. */
export async function recover(log: AuditLog, trail: Trail, windowRows: number, nowMs: number): Promise<Recovery> {
  await log.open();
  const recovered = await readBack(log, trail, windowRows);
  if (recovered.kind === 'between') return recovered;
  const generation = new Generation(recovered.generation, recovered.known);
  generation.awaited.add(recovered.known.gapsUpTo(generation.reached, recovered.awaiting), nowMs);
  return { kind: 'within', generation };
}

/**
 * The first row names the generation; undefined while there is none. `finding`
 * is to be written first: rows were left out because the export was told to.
 */
export async function beginGeneration(
  database: Database,
  trail: Trail,
  previous: string | undefined,
  startAt: StartAt,
): Promise<{ readonly generation: Generation; readonly findings: readonly Finding[] } | undefined> {
  const [first] = await database.headsFrom(trail.table, 0, 1);
  if (first === undefined) return undefined;
  const from = previous === undefined ? await firstId(database, trail.table, startAt) : 1;
  const generation = new Generation(generationName(trail, first, previous), new Known(from));
  return { generation, findings: from > first.id ? [{ kind: 'begun', fromId: from }] : [] };
}

/* Where the very first run begins, in ids. */

/** The first id to export. Dates are nearly in order of the ids; rows out of order around the day are included. */
async function firstId(database: Database, table: string, startAt: StartAt): Promise<number> {
  const highest = (await database.newest(table))?.id ?? 0;
  switch (startAt.kind) {
    case 'beginning':
      return 1;
    case 'end':
      return highest + 1;
    case 'id':
      // Beyond the end, ids would seem to count anew.
      return Math.min(startAt.id, highest + 1);
    case 'date':
      return bisect(
        async (from) => (await database.headsFrom(table, from, 1))[0],
        ({ date }) => date !== null && date >= startAt.date,
        highest,
      );
    default:
      return startAt satisfies never;
  }
}

/*
 * Where the rows went when the table was replaced. "Eventlog backup" renames
 * `log` to `log_backup`, dumps that and drops it: until then, what was not
 * exported in time is still to be had.
 */

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
