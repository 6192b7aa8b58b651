/**
 * What the export itself has to say to an auditor: a line among the rows, with
 * an `event` of its own and without the `id` that makes a line a row.
 *
 *   audit-trail-row-deleted      a row that is in the file is no longer in the table
 *   audit-trail-row-restored     it is there again, unchanged
 *   audit-trail-row-edited       it says something else now, which is in `row`
 *   audit-trail-table-replaced   the ids count anew, this generation is over; `complete` false: rows may be lost
 *   audit-trail-begun            the export was told to leave out rows before `from_id`
 */
import type { Cells } from './database/database.js';

export type Finding =
  | { readonly kind: 'row-deleted'; readonly id: number; readonly date: string | null }
  | { readonly kind: 'row-restored'; readonly id: number; readonly date: string | null }
  | { readonly kind: 'row-edited'; readonly id: number; readonly cells: Cells }
  | { readonly kind: 'table-replaced'; readonly lastId: number; readonly complete: boolean }
  | { readonly kind: 'begun'; readonly fromId: number };

const PREFIX = 'audit-trail-';

export function eventOf(finding: Finding): string {
  return PREFIX + finding.kind;
}

/** Its own columns; names as stable as the kinds. */
export function columnsOf(finding: Finding): Readonly<Record<string, unknown>> {
  switch (finding.kind) {
    case 'row-deleted':
    case 'row-restored':
      return { success: finding.kind === 'row-deleted' ? 0 : 1, row_id: finding.id, row_date: finding.date };
    case 'row-edited':
      return { success: 0, row_id: finding.id, row: finding.cells };
    case 'table-replaced':
      return { success: finding.complete ? 1 : 0, last_id: finding.lastId, complete: finding.complete };
    case 'begun':
      return { success: 1, from_id: finding.fromId };
    default:
      return finding satisfies never;
  }
}

/** Reads back what `eventOf` and `columnsOf` have written; undefined for anything else. */
export function readFinding(line: Readonly<Record<string, unknown>>): Finding | undefined {
  const id = line.row_id;
  const date = typeof line.row_date === 'string' ? line.row_date : null;
  switch (line.event) {
    case `${PREFIX}row-deleted`:
      return typeof id === 'number' ? { kind: 'row-deleted', id, date } : undefined;
    case `${PREFIX}row-restored`:
      return typeof id === 'number' ? { kind: 'row-restored', id, date } : undefined;
    case `${PREFIX}row-edited`:
      return typeof id === 'number' && isCells(line.row) ? { kind: 'row-edited', id, cells: line.row } : undefined;
    case `${PREFIX}table-replaced`:
      return { kind: 'table-replaced', lastId: Number(line.last_id), complete: line.complete === true };
    case `${PREFIX}begun`:
      return { kind: 'begun', fromId: Number(line.from_id) };
    default:
      return undefined;
  }
}

function isCells(value: unknown): value is Cells {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
