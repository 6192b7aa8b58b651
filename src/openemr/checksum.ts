/**
 * Computes a row's checksum as OpenEMR does: the columns one after another, NULL as
 * nothing, `comments` as stored.
 *
 * - 6.0 and later: SHA3-512 of every row, and another of its API call, whose
 *   time is that of the row;
 * - 5.0: SHA-1, of updates only, over fewer columns, among them the checksum of
 *   the row that was changed.
 *
 * OpenEMR hashes what it meant to write. Where the table stored something else (a
 * text for a number, a value cut to its column) its own tamper report calls the
 * row altered, and so do we. It has no key: edits and damage are found, but not a
 * forger who computes a new checksum.
 */
import { hash } from 'node:crypto';
import type { Checksum } from '../model/record.js';
import { isObject, type Row, textOf } from './row.js';

export function checksumOf(row: Row): Checksum {
  const own = compared(row.checksum, row);
  if (own === 'altered') return own;
  const api = compared(row.checksum_api, row, API_COLUMNS);
  return api === 'none' ? own : api;
}

function compared(column: unknown, row: Row, api?: readonly string[]): Checksum {
  const stored = textOf(column);
  if (stored === '') return 'none';
  const old = stored.length < OLD_BELOW;
  const text = api === undefined ? joined(row, old ? OLD_COLUMNS : COLUMNS) : joinedApi(row, api);
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

const API_COLUMNS: readonly string[] = [
  'user_id',
  'patient_id',
  'ip_address',
  'method',
  'request',
  'request_url',
  'request_body',
  'response',
];

function joinedApi(row: Row, columns: readonly string[]): string | undefined {
  const call = isObject(row.api) ? joined(row.api, columns) : undefined;
  return call === undefined ? undefined : textOf(row.id) + call + textOf(row.date);
}

/** `undefined` when a column is missing or holds what cannot be written as it was stored. */
function joined(row: object, columns: readonly string[]): string | undefined {
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
