/**
 * The row's checksum, computed again as OpenEMR's own tamper report does
 * (interface/reports/audit_log_tamper_report.php): the columns one after
 * another, NULL as nothing, `comments` as stored.
 *
 * - 6.0 and later: SHA3-512 of every row;
 * - 5.0: SHA-1, of updates only, over fewer columns, among them the checksum of
 *   the row that was changed.
 *
 * It has no key: it finds edits and damage, not a forger who computes it anew.
 */
import { hash } from 'node:crypto';
import type { Checksum } from '../model/record.js';
import { type Row, textOf } from './row.js';

export function checksumOf(row: Row): Checksum {
  const stored = textOf(row.checksum);
  if (stored === '') return 'none';
  const old = stored.length < OLD_BELOW;
  const text = old ? joined(row, OLD_COLUMNS) : joined(row, COLUMNS);
  if (text === undefined) return 'none';
  return hash(old ? 'sha1' : 'sha3-512', text) === stored.toLowerCase() ? 'ok' : 'altered';
}

/** SHA-1 takes 40 hexadecimal digits, SHA3-512 128; OpenEMR draws the line here. */
const OLD_BELOW = 50;

const COLUMNS: readonly string[] = [
  'date',
  'event',
  'category',
  'user',
  'groupname',
  'comments',
  'user_notes',
  'patient_id',
  'success',
  'crt_user',
  'log_from',
  'menu_item_id',
  'ccda_doc_id',
];

const OLD_COLUMNS: readonly string[] = [
  'date',
  'event',
  'user',
  'groupname',
  'comments',
  'patient_id',
  'success',
  // The column `checksum` of `log` itself.
  'log_checksum',
  'crt_user',
];

/** `undefined` when a column is missing or holds what cannot be written as it was stored. */
function joined(row: Row, columns: readonly string[]): string | undefined {
  const values = row as Readonly<Record<string, unknown>>;
  let text = '';
  for (const column of columns) {
    const value = values[column];
    if (value === null) continue;
    const written = textOf(value);
    if (written === '' && value !== '') return undefined;
    text += written;
  }
  return text;
}
