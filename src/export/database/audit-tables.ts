/**
 * The two tables that hold OpenEMR's audit trail, with the columns that
 * versions 5.0 to 8.x give them: `log` with its side tables, and
 * `extended_log`, which holds disclosures and nothing beside them.
 */
import { createHash } from 'node:crypto';
import { HASHED_API_COLUMNS, HASHED_COLUMNS } from '../../openemr/checksum.js';
import type { Cells, Database, Schema } from './database.js';
import { rangesOf } from './id-ranges.js';

export interface Trail {
  readonly table: 'log' | 'extended_log';
  /** Stands between the site's name and `.log` in the file's name. */
  readonly suffix: string;
  /** Of the table itself, in the order in which they are written; what a version lacks is null. */
  readonly columns: readonly string[];
  /** Says for each row what became of it: checksum, encryption. Every row of `log` has one. */
  readonly sealTable: string | undefined;
  readonly apiTable: string | undefined;
  /** Begins the name of a generation, so that no row of one trail is called like a row of the other. */
  readonly generationPrefix: string;
}

export const LOG_TRAIL: Trail = {
  table: 'log',
  suffix: '',
  // `checksum` is that of the changed row, in 5.0 only: part of what its own checksum covers. Written as `log_checksum`.
  columns: ['id', ...HASHED_COLUMNS.flatMap((column) => (column === 'crt_user' ? ['checksum', column] : [column]))],
  sealTable: 'log_comment_encrypt',
  apiTable: 'api_log',
  generationPrefix: '',
};

export const DISCLOSURE_TRAIL: Trail = {
  table: 'extended_log',
  suffix: '.disclosures',
  columns: ['id', 'date', 'event', 'user', 'recipient', 'description', 'patient_id'],
  sealTable: undefined,
  apiTable: undefined,
  generationPrefix: 'disclosures-',
};

/** `log_id` first: it tells whether the row is still the one that was looked for. */
export const SEAL_COLUMNS: readonly string[] = ['log_id', 'encrypt', 'version', 'checksum', 'checksum_api'];

export const API_COLUMNS: readonly string[] = ['log_id', ...HASHED_API_COLUMNS, 'created_time'];

/** `table.column` of what a trail's tables have beyond the columns that are read: an OpenEMR later than this program. */
export function unreadColumns(schema: Schema, { table, columns, sealTable, apiTable }: Trail): readonly string[] {
  const read: readonly (readonly [string | undefined, readonly string[]])[] = [
    [table, columns],
    [sealTable, ['id', ...SEAL_COLUMNS]],
    [apiTable, ['id', ...API_COLUMNS]],
  ];
  return read.flatMap(([name, known]) => {
    const there = name === undefined ? undefined : schema.get(name);
    return [...(there ?? [])].filter((column) => !known.includes(column)).map((column) => `${name}.${column}`);
  });
}

/*
 * A row as a few bytes: equal when OpenEMR's own columns are equal, whether the
 * row comes from the table or from the line that was written of it. Pure.
 */

/** Columns beyond the known ones do not count: an upgrade that adds one has edited no row. */
export function digestOf(trail: Trail, cells: Cells): string {
  const values = trail.columns.map((column) => cells[column] ?? null);
  return createHash('sha256').update(JSON.stringify(values)).digest('base64');
}

/**
 * Of a row's side rows; undefined while they are not all there. A row that was written without them has none to
 * compare: what comes later is no edit.
 */
export function sidesDigestOf(seal: Cells | undefined, api: Cells | undefined): string | undefined {
  if (seal === undefined || (seal.checksum_api && api === undefined)) return undefined;
  const values = (columns: readonly string[], cells: Cells) =>
    columns.filter((column) => column !== 'log_id').map((column) => cells[column] ?? null);
  const sides = [values(SEAL_COLUMNS, seal), api === undefined ? null : values(API_COLUMNS, api)];
  return createHash('sha256').update(JSON.stringify(sides)).digest('base64');
}

/* All rows of a stretch of a table, a page at a time: memory for one page, whatever the table holds. */

const PAGE_ROWS = 1000;
const PAGE_BYTES = 4 * 1024 * 1024;

/** Ascending, from id `from` to id `to`, both included; each page is one statement. */
export async function* scan(
  database: Database,
  trail: Trail,
  { from, to }: { readonly from: number; readonly to: number },
): AsyncGenerator<readonly Cells[]> {
  for (let next = from; next <= to; ) {
    const heads = (await database.headsFrom(trail.table, next, PAGE_ROWS)).filter(({ id }) => id <= to);
    let bytes = 0;
    const end = heads.findIndex((head, index) => {
      bytes += head.bytes;
      return index > 0 && bytes > PAGE_BYTES;
    });
    const page = end === -1 ? heads : heads.slice(0, end);
    const last = page.at(-1);
    if (last === undefined) return;
    yield await database.rows(trail.table, trail.columns, rangesOf(page.map(({ id }) => id)));
    next = last.id + 1;
  }
}
