/** Starts following: recovers the generation from the file, or begins one with the first row of a table. */
import type { StartAt } from '../../lib/start-at.js';
import { digestOf, type Trail } from '../database/audit-tables.js';
import type { Database, Head, Schema } from '../database/database.js';
import { bisect, rangesOf } from '../database/id-ranges.js';
import type { AuditLog } from '../file/audit-file.js';
import type { Finding } from '../file/audit-line.js';
import { type Recovered, readBack, readBackEarlier } from '../file/recover.js';
import { earlierName, Generation, generationName, Known } from './generation.js';

export type Recovery =
  | { readonly kind: 'between'; readonly previous: string | undefined }
  | { readonly kind: 'within'; readonly generation: Generation };

/** What the file knows. Ids that were awaited when it was last written to are awaited again, from now on. */
export async function recover(log: AuditLog, trail: Trail, windowRows: number, nowMs: number): Promise<Recovery> {
  await log.open();
  const recovered = await readBack(log, trail, windowRows);
  if (recovered.kind === 'between') return recovered;
  return { kind: 'within', generation: generationOf(recovered, nowMs) };
}

function generationOf(
  { generation: name, known, awaiting }: Recovered & { kind: 'within' },
  nowMs: number,
): Generation {
  const generation = new Generation(name, known);
  generation.awaited.add(known.gapsUpTo(generation.reached, awaiting), nowMs);
  return generation;
}

export interface Beginning {
  readonly database: Database;
  readonly log: AuditLog;
  readonly trail: Trail;
  /** The last generation that has ended. */
  readonly previous: string | undefined;
  readonly startAt: StartAt;
  readonly windowRows: number;
  readonly nowMs: number;
}

/**
 * The first row names the generation; undefined while there is none. `findings`
 * are to be written first: rows were left out because the export was told to, or
 * the table of an earlier generation is there again.
 */
export async function beginGeneration(
  beginning: Beginning,
): Promise<{ readonly generation: Generation; readonly findings: readonly Finding[] } | undefined> {
  const { database, trail, previous, startAt } = beginning;
  const [first] = await database.headsFrom(trail.table, 0, 1);
  if (first === undefined) return undefined;
  const restored = await findRestored(beginning, first);
  if (restored !== undefined) {
    return { generation: restored, findings: [{ kind: 'table-restored', lastId: restored.known.highest }] };
  }
  const from = previous === undefined ? await firstId(database, trail.table, startAt) : 1;
  const generation = new Generation(generationName(trail, first, previous), new Known(from));
  return { generation, findings: from > first.id ? [{ kind: 'begun', fromId: from }] : [] };
}

/** "Eventlog backup" puts the table back when its dump fails: the same generation, by the content of its last rows. */
async function findRestored(
  { database, log, trail, previous, windowRows, nowMs }: Beginning,
  first: Head,
): Promise<Generation | undefined> {
  const name = previous === undefined ? undefined : earlierName(trail, first, previous);
  if (name === undefined) return undefined;
  const recovered = await readBackEarlier(log, trail, name, windowRows);
  if (recovered === undefined || !(await holds(database, trail, trail.table, recovered.known))) return undefined;
  return generationOf(recovered, nowMs);
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
  for (const [table, columns] of schema) {
    if (table === trail.table || !table.startsWith(`${trail.table}_`)) continue;
    if (!['id', 'date', 'event', 'user'].every((column) => columns.has(column))) continue;
    if (await holds(database, trail, table, known)) return table.slice(trail.table.length);
  }
  return undefined;
}

async function holds(database: Database, trail: Trail, table: string, known: Known): Promise<boolean> {
  const rows = await database.rows(table, trail.columns, rangesOf(known.anchors(WITNESSES)));
  return rows.some((cells) => digestOf(trail, cells) === known.get(Number(cells.id))?.digest);
}
