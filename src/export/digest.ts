/**
 * A row as a few bytes: equal when OpenEMR's own columns are equal, whether the
 * row comes from the table or from the line that was written of it. Pure.
 */
import { createHash } from 'node:crypto';
import type { Cells } from './database.js';
import type { Trail } from './trail.js';

/** Columns beyond the known ones do not count: an upgrade that adds one has edited no row. */
export function digestOf(trail: Trail, cells: Cells): string {
  const values = trail.columns.map((column) => cells[column] ?? null);
  return createHash('sha256').update(JSON.stringify(values)).digest('base64');
}
