/**
 * Compares what was exported last with what the table says now. Audit rows
 * never change: one that is gone or says something else was tampered with, or
 * the table is another one, or the database is behind (a replica).
 */
import type { Awaited } from './awaited.js';
import type { Database, IdRange } from './database.js';
import { digestOf } from './digest.js';
import { rangesOf } from './id-ranges.js';
import type { Known } from './known.js';
import { scan } from './scan.js';
import type { Trail } from './trail.js';

export interface Examination {
  /** `unclear`: there is nothing in the table that could tell. */
  readonly verdict: 'same' | 'replaced' | 'unclear';
  /** The database has not come as far as the file: what is missing may still come. */
  readonly isBehind: boolean;
  /** Ids of known rows, ascending. */
  readonly intact: readonly number[];
  readonly edited: readonly number[];
  readonly missing: readonly number[];
  /** Rows that are neither in the file nor awaited: transactions that committed later than anybody waits. */
  readonly unknown: readonly IdRange[];
}

export interface Examined {
  readonly reached: number;
  readonly known: Known;
  readonly awaited: Awaited;
}

export async function examine(database: Database, trail: Trail, state: Examined): Promise<Examination> {
  const { known, reached } = state;
  const found = await rowsOf(database, trail, known.low, reached);
  const nextId = await database.nextId(trail.table);
  const newest = await database.newest(trail.table);
  const intact: number[] = [];
  const edited: number[] = [];
  const missing: number[] = [];
  for (const id of known.ids) {
    const row = found.get(id);
    if (row === undefined) missing.push(id);
    else (row.digest === known.get(id)?.digest ? intact : edited).push(id);
  }
  const unknown = [...found.keys()].filter((id) => known.get(id) === undefined && !state.awaited.has(id));
  return {
    verdict: await verdictOf(),
    isBehind: nextId === undefined ? (newest?.id ?? 0) < reached : nextId <= reached,
    intact,
    edited,
    missing,
    unknown: rangesOf(unknown),
  };

  async function verdictOf(): Promise<Examination['verdict']> {
    if (intact.length > 0) return 'same';
    // In another table the row of that id was written later; whoever edits a row leaves its date alone.
    const countsOn = nextId !== undefined && nextId > reached;
    if (countsOn && edited.some((id) => found.get(id)?.date === known.get(id)?.date)) return 'same';
    if (edited.length > 0) return 'replaced';
    if (nextId === undefined) return newest === undefined ? 'unclear' : 'same';
    if (nextId > reached) return 'same';
    // A table that counts anew has only rows that came after; one that is behind still has those before.
    const [lowest] = await database.headsFrom(trail.table, 0, 1);
    const first = known.ids[0];
    const firstDate = first === undefined ? null : (known.get(first)?.date ?? null);
    const isOlder = lowest?.date != null && firstDate !== null && lowest.date < firstDate;
    return isOlder ? 'same' : 'replaced';
  }
}

interface FoundRow {
  readonly digest: string;
  readonly date: string | null;
}

/** Ascending by id. */
async function rowsOf(database: Database, trail: Trail, low: number, reached: number): Promise<Map<number, FoundRow>> {
  const found = new Map<number, FoundRow>();
  for await (const rows of scan(database, trail, { from: low, to: reached })) {
    for (const cells of rows) {
      const date = typeof cells.date === 'string' ? cells.date : null;
      found.set(Number(cells.id), { digest: digestOf(trail, cells), date });
    }
  }
  return found;
}
