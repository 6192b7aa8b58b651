/**
 * Reads a table once: which rows are ready to be written, and which are still awaited.
 * The rows are read in one statement together with an anchor, a row that is already in
 * the file: if the anchor is unchanged, it is still the same table, and so it was for
 * all that was read before that statement.
 */
import { digestOf, type Trail } from '../database/audit-tables.js';
import type { Database, Head, IdRange, Schema } from '../database/database.js';
import { isSurelyOlder, rangesOf } from '../database/id-ranges.js';
import {
  FirstRowsFinder,
  LastRowsFinder,
  ReferenceIndex,
  type SideRowFinder,
  type SideRows,
  SideTables,
} from '../database/side-tables.js';
import { isSealOf } from '../database/whole-rows.js';
import type { WholeRow } from '../file/audit-line.js';
import type { Awaited, Known } from './generation.js';

/** Memory does not grow with one day's giants. */
const BYTES = 4 * 1024 * 1024;

export interface Origin {
  readonly trail: Trail;
  /** Where the rows are: the trail's table, or what it was renamed to. */
  readonly table: string;
  readonly sides: SideTables;
}

export interface Reached {
  /** The highest id that was looked at. */
  readonly reached: number;
  readonly known: Known;
  readonly awaited: Awaited;
}

export interface Patience {
  /** Rows to look at in one step. */
  readonly maxRows: number;
  readonly nowMs: number;
  readonly settleMs: number;
  /** No transaction can still commit into this table: an id that is missing is missing for good. */
  readonly isFinal: boolean;
}

export interface Batch {
  /** False: the anchor is gone or says something else; nothing here is to be used. */
  readonly isSameTable: boolean;
  /** Ascending. */
  readonly ready: readonly WholeRow[];
  /** Ids that were missed for the first time. */
  readonly gaps: readonly IdRange[];
  /** Rows that are there but not ready. */
  readonly unready: readonly number[];
  readonly reached: number;
  /** All awaited ids were looked at: what is overdue and not ready will not come. */
  readonly sawAllAwaited: boolean;
  readonly newest: Head | undefined;
  /** There is more to read at once. */
  readonly hasMore: boolean;
}

interface Candidate extends Head {
  readonly sides: SideRows;
  readonly isReady: boolean;
}

export async function readBatch(database: Database, origin: Origin, from: Reached, patience: Patience): Promise<Batch> {
  const { maxRows } = patience;
  const newest = await database.newest(origin.table);
  const came = await database.headsIn(origin.table, from.awaited.ranges, maxRows + 1);
  const fresh = from.awaited.isFull ? [] : await database.headsFrom(origin.table, from.reached + 1, maxRows);
  const heads = [...came.slice(0, maxRows), ...fresh];
  const sidesOf = await origin.sides.of(heads.map(({ id }) => id));
  const isSettled = ({ id, date }: Head) =>
    id > from.reached
      ? isSurelyOlder(date, newest?.date ?? null, patience.settleMs)
      : from.awaited.isDue(id, patience.nowMs, patience.settleMs);
  const candidates = withinBytes(
    heads.map((head) => {
      const sides = sidesOf(head.id);
      return { ...head, sides, isReady: sides.isComplete || isSettled(head) };
    }),
  );
  const ready = candidates.filter(({ isReady }) => isReady);
  const { rows: read, isSameTable } = await readRows(database, origin, ready, from.known);
  // A backup that failed puts the old tables back one after another: a seal may be that of another row of this number.
  const settled = new Set(ready.filter(isSettled).map(({ id }) => id));
  const rows = read.filter(({ id, cells, seal }) => settled.has(id) || isSealOf(origin.trail, cells, seal));

  const taken = candidates.filter(({ id }) => id > from.reached);
  const written = new Set(rows.map(({ id }) => id));
  return {
    isSameTable,
    ready: rows,
    gaps: patience.isFinal ? [] : openGaps(from.reached, taken, isSettled),
    unready: candidates.map(({ id }) => id).filter((id) => !written.has(id)),
    reached: taken.at(-1)?.id ?? from.reached,
    sawAllAwaited: came.length <= Math.min(maxRows, candidates.length),
    newest,
    hasMore: (rows.length > 0 || taken.length > 0) && (fresh.length === maxRows || candidates.length < heads.length),
  };
}

/** At least one, however large it is. */
function withinBytes(candidates: readonly Candidate[]): readonly Candidate[] {
  let bytes = 0;
  const end = candidates.findIndex((candidate, index) => {
    if (candidate.isReady) bytes += candidate.bytes + (candidate.sides.api?.bytes ?? 0);
    return index > 0 && bytes > BYTES;
  });
  return end === -1 ? candidates : candidates.slice(0, end);
}

/** A gap before a row that is old enough was left by a rollback or a deletion, long ago. */
function openGaps(reached: number, fresh: readonly Candidate[], isSettled: (head: Head) => boolean): IdRange[] {
  return fresh.flatMap((candidate, index) => {
    const from = (fresh[index - 1]?.id ?? reached) + 1;
    return candidate.id > from && !isSettled(candidate) ? [{ from, to: candidate.id - 1 }] : [];
  });
}

async function readRows(
  database: Database,
  { trail, table, sides }: Origin,
  ready: readonly Candidate[],
  known: Known,
): Promise<{ rows: WholeRow[]; isSameTable: boolean }> {
  const apis = await sides.readApis(ready.flatMap(({ sides }) => (sides.api === undefined ? [] : [sides.api])));
  const [anchor] = known.anchors(1);
  const ids = [...ready.map(({ id }) => id), ...(anchor === undefined ? [] : [anchor])].sort((a, b) => a - b);
  const read = await database.rows(table, trail.columns, rangesOf(ids));
  const byId = new Map(read.map((cells) => [Number(cells.id), cells]));
  const anchored = anchor === undefined ? undefined : byId.get(anchor);
  const isSameTable =
    anchor === undefined || (anchored !== undefined && digestOf(trail, anchored) === known.get(anchor)?.digest);
  const rows = ready.flatMap(({ id, sides }) => {
    const cells = byId.get(id);
    const api = apis.get(id);
    // What was there a moment ago and is not now (a swap, a deletion) is looked for again.
    if (cells === undefined || (sides.api !== undefined && api === undefined)) return [];
    return [{ id, cells, seal: sides.seal, api, isSwapped: sides.isSwapped }];
  });
  return { rows, isSameTable };
}

/* Which tables to read a generation from, by what there is in this database. */

/** The trail's own tables; while a renamed `api_log` is still there, it may hold the last rows that are missing. */
export function liveOrigin(database: Database, schema: Schema, trail: Trail, skew: number): Origin {
  const { sealTable, apiTable } = trail;
  const own = (table: string | undefined): SideRowFinder[] =>
    table !== undefined && schema.has(table) ? [new ReferenceIndex(database, table, skew)] : [];
  const renamedApis = [...schema.keys()].filter((table) => apiTable !== undefined && table.startsWith(`${apiTable}_`));
  const swapped = renamedApis.map((table) => new LastRowsFinder(database, table, skew));
  return { trail, table: trail.table, sides: new SideTables(database, own(sealTable), [...own(apiTable), ...swapped]) };
}

/** What they were renamed to, `suffix` being what stands behind each name; side rows may have come to lie on either side. */
export function renamedOrigin(
  database: Database,
  schema: Schema,
  trail: Trail,
  { suffix, skew }: { readonly suffix: string; readonly skew: number },
): Origin {
  const finders = (table: string | undefined): SideRowFinder[] => {
    if (table === undefined) return [];
    const renamed = schema.has(table + suffix) ? [new ReferenceIndex(database, table + suffix, skew)] : [];
    return schema.has(table) ? [...renamed, new FirstRowsFinder(database, table, trail.table)] : renamed;
  };
  return {
    trail,
    table: trail.table + suffix,
    sides: new SideTables(database, finders(trail.sealTable), finders(trail.apiTable)),
  };
}
