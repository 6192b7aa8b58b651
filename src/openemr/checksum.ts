/**
 * Computes a row's checksum as OpenEMR does: the columns one after another, NULL as
 * nothing, `comments` as stored.
 *
 * - 6.0 and later: SHA3-512 of every row, and another of its API call, whose
 *   time is that of the row; from 8.3 on with the client's id;
 * - 5.0: SHA-1, of updates only, over fewer columns, among them the checksum of
 *   the row that was changed.
 *
 * OpenEMR hashes what it means to write, and the database may store something else
 * without an error (its `sql_mode` is empty):
 *
 *   stored                       may have been
 *   0 in a number                an empty text, or false
 *   a number at its limit        a larger one
 *   text as long as its column   a longer text, cut
 *   ? in a text                  a character that the connection or the column cannot hold
 *   characters of latin1         the octets of UTF-8, over a connection that says latin1
 *
 * The first and the last are tried. The others cannot be computed back: such a row is `unverifiable`
 * when it does not fit. Any other row that does not fit is `altered`. There is no
 * key: edits and damage are found, but not a forger who computes a new checksum.
 */
import { hash } from 'node:crypto';
import type { Checksum } from '../model/record.js';
import { isObject, type Row, textOf } from './row.js';

export function checksumOf(row: Row): Checksum {
  const own = ownChecksum(row);
  const api = apiChecksum(row);
  if (own === 'altered' || api === 'altered') return 'altered';
  if (own === 'unverifiable' || api === 'unverifiable') return 'unverifiable';
  return api === 'none' ? own : api;
}

/** SHA-1 takes 40 hexadecimal digits, SHA3-512 128; OpenEMR draws the line here. */
const OLD_BELOW = 50;

/** Of `log`, in the order in which they are hashed. */
export const HASHED_COLUMNS: readonly string[] = [
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

/** In 5.0. */
export const OLD_HASHED_COLUMNS: readonly string[] = [
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

/** Of `api_log`, between the row's id and its date. */
export const HASHED_API_COLUMNS: readonly string[] = [
  'user_id',
  // From 8.3 on.
  'client_id',
  'patient_id',
  'ip_address',
  'method',
  'request',
  'request_url',
  'request_body',
  'response',
];

/** A row may lack it. */
const NEW_API_COLUMN = 'client_id';

function ownChecksum(row: Row): Checksum {
  const stored = textOf(row.checksum);
  if (stored === '') return 'none';
  const columns = stored.length < OLD_BELOW ? OLD_HASHED_COLUMNS : HASHED_COLUMNS;
  const text = joined(row, columns);
  if (text === undefined) return 'none';
  if (isSum(stored, text)) return 'ok';
  const verdict = coerced(stored, valuesOf(row, columns));
  return verdict === 'altered' && (isNewer(row) || hasTextForSuccess(row)) ? 'unverifiable' : verdict;
}

function apiChecksum(row: Row): Checksum {
  const stored = textOf(row.checksum_api);
  if (stored === '' || !isObject(row.api)) return 'none';
  const call = joined(row.api, HASHED_API_COLUMNS);
  if (call === undefined) return 'none';
  if (isSum(stored, textOf(row.id) + call + textOf(row.date))) return 'ok';
  const values: readonly Value[] = [
    { column: 'id', text: textOf(row.id) },
    ...valuesOf(row.api, HASHED_API_COLUMNS),
    { column: 'date', text: textOf(row.date) },
  ];
  const verdict = coerced(stored, values);
  if (verdict !== 'altered') return verdict;
  // A version that stores the client's id and does not hash it: nothing vouches for the id.
  const withoutClient = coerced(
    stored,
    values.filter(({ column }) => column !== NEW_API_COLUMN),
  );
  return isNewer(row) || withoutClient === 'ok' ? 'unverifiable' : 'altered';
}

/** `undefined` when a column is missing or holds what cannot be written as it was stored. */
function joined(row: object, columns: readonly string[]): string | undefined {
  const cells = row as Readonly<Record<string, unknown>>;
  let text = '';
  for (const column of columns) {
    const value = cells[column];
    if (value === null || (value === undefined && column === NEW_API_COLUMN)) continue;
    const written = textOf(value);
    if (written === '' && value !== '') return undefined;
    text += written;
  }
  return text;
}

function isSum(stored: string, text: string | Buffer): boolean {
  return hash(stored.length < OLD_BELOW ? 'sha1' : 'sha3-512', text) === stored.toLowerCase();
}

/* What the columns may have been before the database stored them. */

/** One column, as it is hashed. */
interface Value {
  readonly column: string;
  readonly text: string;
}

function valuesOf(row: object, columns: readonly string[]): Value[] {
  const cells = row as Readonly<Record<string, unknown>>;
  return columns.map((column) => ({ column, text: textOf(cells[column]) }));
}

function coerced(stored: string, values: readonly Value[]): Checksum {
  for (const text of formsOf(values)) {
    if (isSum(stored, text)) return 'ok';
    const octets = latin1Of(text);
    if (octets !== undefined && isSum(stored, octets)) return 'ok';
  }
  return values.some(mayBeCoerced) ? 'unverifiable' : 'altered';
}

const NUMBERS: ReadonlySet<string> = new Set(['patient_id', 'success', 'menu_item_id', 'ccda_doc_id', 'user_id']);

/** As stored, and with each 0, and each choice of several, as nothing. */
function formsOf(values: readonly Value[]): string[] {
  const zeros = values.flatMap(({ column, text }, at) => (text === '0' && NUMBERS.has(column) ? [at] : []));
  return Array.from({ length: 2 ** zeros.length }, (_, choice) => {
    const isEmpty = (at: number) => zeros.includes(at) && (choice >> zeros.indexOf(at)) % 2 === 1;
    return values.map(({ text }, at) => (isEmpty(at) ? '' : text)).join('');
  });
}

/**
 * The octets that a connection of the character set latin1 took for this text: a site whose sqlconf.php switches UTF-8
 * off passes UTF-8 over it. `undefined`: there is nothing but ASCII, or something that latin1 does not have.
 */
function latin1Of(text: string): Buffer | undefined {
  if (!BEYOND_ASCII.test(text) || !LATIN1.test(text)) return undefined;
  const octets = text.replace(/[\u0100-\uffff]/g, (character) => String.fromCharCode(C1 + CP1252.indexOf(character)));
  return Buffer.from(octets, 'latin1');
}

/** MySQL's latin1 from 0x80 to 0x9F: Windows' code page, with C1's controls where that has nothing. */
const CP1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';
const C1 = 0x80;
const BEYOND_ASCII = /[^\0-\x7f]/;
const LATIN1 = new RegExp(`^[\\0-\\x7f\\xa0-\\xff${CP1252}]*$`);

/** In characters; what is longer is cut. */
const LENGTHS: ReadonlyMap<string, number> = new Map([
  ['event', 255],
  ['category', 255],
  ['user', 255],
  ['groupname', 255],
  ['crt_user', 255],
  ['log_from', 20],
  ['client_id', 80],
  ['ip_address', 255],
  ['method', 20],
  ['request', 255],
]);

/** In octets, less the most that a character takes: a character that would be cut in two is left out. */
const URL_BYTES = 65_535 - 3;

/** The largest and the smallest of tinyint, int and bigint. */
const LIMITS = /^(?:127|-128|2147483647|-2147483648|9223372036854775807|-9223372036854775808)$/;

function mayBeCoerced({ column, text }: Value): boolean {
  if (NUMBERS.has(column)) return LIMITS.test(text);
  if ([...text.slice(0, 2 * 255)].length >= (LENGTHS.get(column) ?? Number.POSITIVE_INFINITY)) return true;
  if (column === 'request_url' && Buffer.byteLength(text) >= URL_BYTES) return true;
  return /[?\uFFFD]/.test(withoutQuestions(column, text));
}

/** Without the question marks that are there for another reason: in SQL for a bound value, in a URL before the query. */
function withoutQuestions(column: string, text: string): string {
  switch (column) {
    case 'comments':
      return (text.match(/'(?:[^'\\]|\\.|'')*'/gs) ?? []).join('');
    case 'request_url':
      return text.replace(/\?(?=[\w.:%[\]-]+=|$)/, '');
    default:
      return text;
  }
}

/** "Delete message" of 6.0 to 7.0 passes its comment where the success belongs: a text, stored as 0. */
function hasTextForSuccess({ event, success, comments }: Row): boolean {
  return event === 'delete' && textOf(success) === '0' && textOf(comments) === '';
}

/** The exporter met columns that it does not know: another version may hash them. */
function isNewer({ unread }: Row): boolean {
  return Array.isArray(unread) && unread.length > 0;
}
