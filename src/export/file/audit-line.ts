/**
 * A row as a line of JSON: OpenEMR's columns under their names, those of
 * `log_comment_encrypt` beside them, the row of `api_log` under `api`, and then
 * what the export adds:
 *
 *   site         which OpenEMR site, as configured
 *   generation   which table the id counts in: "Eventlog backup" starts a new one at 1
 *   breakglass   was the user in the break-glass group when this was read? null: not known
 *   exported_at  UTC
 *   awaiting     every row of this generation with a lower id was in the file, synced,
 *                or will never come, before this line was written
 *   late         true on a row that came after one with a higher id
 *   swapped      true on a row whose row of `api_log` lay in a table that "Eventlog backup" drops
 *   dump         the file that the row was read from, when it was no longer in the database
 *   unread       columns of the tables that this program does not know, if there are any
 *
 * `awaiting` and `late` are all that a restart needs: rows without `late` ascend.
 * Pure.
 */
import { isUtf8 } from 'node:buffer';
import { API_COLUMNS, SEAL_COLUMNS, type Trail } from '../database/audit-tables.js';
import type { Cells } from '../database/database.js';

/** A row with its side rows, as far as there are any. */
export interface WholeRow {
  readonly id: number;
  readonly cells: Cells;
  readonly seal: Cells | undefined;
  readonly api: Cells | undefined;
  /** A side row lay in a table that is about to be dropped: it will be gone, and nobody has deleted it. */
  readonly isSwapped?: boolean;
}

export interface Stamp {
  readonly site: string;
  readonly generation: string;
  readonly exportedAtMs: number;
  readonly awaiting: number;
}

interface RowStamp {
  readonly late: boolean;
  readonly breakglass: boolean | null;
  readonly unread: readonly string[];
  /** Its name. */
  readonly dump?: string;
}

export type ReadLine =
  | (ReadStamp & WholeRow & { readonly kind: 'row'; readonly late: boolean })
  | (ReadStamp & { readonly kind: 'finding'; readonly finding: Finding });

interface ReadStamp {
  readonly generation: string;
  readonly awaiting: number;
}

/** With its newline. */
export function rowLine(
  trail: Trail,
  { cells, seal, api, isSwapped }: WholeRow,
  { late, breakglass, unread, dump, ...stamp }: Stamp & RowStamp,
): string {
  const columns = columnsOfRow(trail, { cells, seal, api });
  const marks = {
    ...(late ? { late } : {}),
    ...(isSwapped ? { swapped: true } : {}),
    ...(dump === undefined ? {} : { dump }),
    ...(unread.length > 0 ? { unread } : {}),
  };
  return `${JSON.stringify({ ...columns, ...stampColumns(stamp), breakglass, ...marks })}\n`;
}

/** OpenEMR's own, as the agent reads them. */
export function columnsOfRow(trail: Trail, { cells, seal, api }: Omit<WholeRow, 'id'>): Record<string, unknown> {
  const line: Record<string, unknown> = {};
  for (const column of trail.columns) {
    if (column !== 'checksum') line[column] = cells[column] ?? null;
    else if (typeof cells.checksum === 'string') line.log_checksum = cells.checksum;
  }
  if (trail.sealTable === undefined) return { ...line, table: trail.table };
  line.encrypt = seal?.encrypt ?? null;
  line.version = seal?.version ?? null;
  line.checksum = seal?.checksum ?? null;
  line.checksum_api = seal?.checksum_api ?? null;
  line.api = api === undefined ? null : apiColumns(api);
  return line;
}

/** With its newline. `log_from` says who speaks; there is no user and no date of OpenEMR's. */
export function findingLine(trail: Trail, finding: Finding, stamp: Stamp): string {
  return `${JSON.stringify({
    event: eventOf(finding),
    category: 'audit-trail',
    log_from: 'openemr-audit-forwarder',
    table: trail.table,
    ...columnsOf(finding),
    ...stampColumns(stamp),
  })}\n`;
}

/** Undefined for what is no line of ours: a stump, or something else. */
export function readLine(trail: Trail, bytes: Buffer): ReadLine | undefined {
  const line = objectIn(bytes);
  if (line === undefined) return undefined;
  const { generation, awaiting, id } = line;
  if (typeof generation !== 'string' || typeof awaiting !== 'number') return undefined;
  if (typeof id !== 'number') {
    const finding = readFinding(line);
    return finding === undefined ? undefined : { kind: 'finding', generation, awaiting, finding };
  }
  const late = line.late === true;
  const isSwapped = line.swapped === true;
  const cells = cellsIn(trail, line);
  return { kind: 'row', generation, awaiting, id, late, cells, ...sidesIn(trail, line), isSwapped };
}

/** Every row of `log_comment_encrypt` says whether it is encrypted. */
function sidesIn(trail: Trail, line: Readonly<Record<string, unknown>>): Pick<WholeRow, 'seal' | 'api'> {
  const hasSeal = trail.sealTable !== undefined && typeof line.encrypt === 'string';
  return {
    seal: hasSeal ? cellsOf(SEAL_COLUMNS, line) : undefined,
    api: isRecord(line.api) ? cellsOf(API_COLUMNS, line.api) : undefined,
  };
}

function cellsOf(columns: readonly string[], from: Readonly<Record<string, unknown>>): Cells {
  return Object.fromEntries(
    columns.map((column) => {
      const value = from[column];
      return [column, typeof value === 'string' || typeof value === 'number' ? value : null];
    }),
  );
}

function stampColumns({ site, generation, exportedAtMs, awaiting }: Stamp) {
  return { site, generation, exported_at: new Date(exportedAtMs).toISOString(), awaiting };
}

function apiColumns(api: Cells): Cells {
  return Object.fromEntries(
    API_COLUMNS.filter((column) => column !== 'log_id' && api[column] !== undefined).map((column) => [
      column,
      api[column] ?? null,
    ]),
  );
}

/** The table's own columns, as they were read from it. */
function cellsIn(trail: Trail, line: Readonly<Record<string, unknown>>): Cells {
  const own = cellsOf(trail.columns, line);
  return trail.sealTable === undefined ? own : { ...own, ...cellsOf(['checksum'], { checksum: line.log_checksum }) };
}

function objectIn(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  if (!isUtf8(bytes)) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What the export itself has to say to an auditor: a line among the rows, with
 * an `event` of its own and without the `id` that makes a line a row.
 *
 *   audit-trail-row-deleted      a row that is in the file is no longer in the table
 *   audit-trail-row-restored     it is there again, unchanged
 *   audit-trail-row-edited       it says something else now, which is in `row`, or its side rows do: `row.seal`, `row.api`
 *   audit-trail-table-replaced   the ids count anew, this generation is over; `complete` false: rows may be lost
 *   audit-trail-table-restored   the table of this generation is there again: a backup has failed; its ids count on
 *   audit-trail-dump-read        rows that the files lacked were read from a dump
 *   audit-trail-begun            the export was told to leave out rows before `from_id`
 */
export type Finding =
  | { readonly kind: 'row-deleted'; readonly id: number; readonly date: string | null }
  | { readonly kind: 'row-restored'; readonly id: number; readonly date: string | null }
  | (WholeRow & { readonly kind: 'row-edited' })
  | { readonly kind: 'table-replaced'; readonly lastId: number; readonly complete: boolean }
  | { readonly kind: 'table-restored'; readonly lastId: number }
  | { readonly kind: 'dump-read'; readonly dump: string; readonly rows: number }
  | { readonly kind: 'begun'; readonly fromId: number };

const PREFIX = 'audit-trail-';

function eventOf(finding: Finding): string {
  return PREFIX + finding.kind;
}

/** Its own columns; names as stable as the kinds. */
function columnsOf(finding: Finding): Readonly<Record<string, unknown>> {
  switch (finding.kind) {
    case 'row-deleted':
    case 'row-restored':
      return { success: finding.kind === 'row-deleted' ? 0 : 1, row_id: finding.id, row_date: finding.date };
    case 'row-edited':
      return { success: 0, row_id: finding.id, row: nowOf(finding) };
    case 'table-replaced':
      return { success: finding.complete ? 1 : 0, last_id: finding.lastId, complete: finding.complete };
    case 'table-restored':
      return { success: 1, last_id: finding.lastId };
    case 'dump-read':
      return { success: 1, dump: finding.dump, rows: finding.rows };
    case 'begun':
      return { success: 1, from_id: finding.fromId };
    default:
      return finding satisfies never;
  }
}

/** Reads back what `eventOf` and `columnsOf` have written; undefined for anything else. */
function readFinding(line: Readonly<Record<string, unknown>>): Finding | undefined {
  const id = line.row_id;
  const date = typeof line.row_date === 'string' ? line.row_date : null;
  switch (line.event) {
    case `${PREFIX}row-deleted`:
      return typeof id === 'number' ? { kind: 'row-deleted', id, date } : undefined;
    case `${PREFIX}row-restored`:
      return typeof id === 'number' ? { kind: 'row-restored', id, date } : undefined;
    case `${PREFIX}row-edited`:
      return typeof id === 'number' && isRecord(line.row) ? editIn(id, line.row) : undefined;
    case `${PREFIX}table-replaced`:
      return { kind: 'table-replaced', lastId: Number(line.last_id), complete: line.complete === true };
    case `${PREFIX}table-restored`:
      return { kind: 'table-restored', lastId: Number(line.last_id) };
    case `${PREFIX}dump-read`:
      return { kind: 'dump-read', dump: String(line.dump), rows: Number(line.rows) };
    case `${PREFIX}begun`:
      return { kind: 'begun', fromId: Number(line.from_id) };
    default:
      return undefined;
  }
}

function nowOf({ cells, seal, api }: WholeRow): Readonly<Record<string, unknown>> {
  if (seal === undefined && api === undefined) return cells;
  return { ...cells, seal: seal ?? null, api: api === undefined ? null : apiColumns(api) };
}

function editIn(id: number, now: Readonly<Record<string, unknown>>): Finding {
  const { seal, api, ...others } = now;
  return {
    kind: 'row-edited',
    id,
    cells: cellsOf(Object.keys(others), others),
    seal: isRecord(seal) ? cellsOf(SEAL_COLUMNS, seal) : undefined,
    api: isRecord(api) ? cellsOf(API_COLUMNS, api) : undefined,
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
