/**
 * Parses one line of the audit log into an audit record. OpenEMR 5.0 to 8.x write
 * the same columns; what a row lacks is left out, and unknown keys are ignored.
 *
 * A line that is not a JSON object gives the reason instead. A row whose date is
 * missing or invalid still gives its event, user and patient, with `wallTime`
 * undefined: an auditor looks for those first. What the exporter adds between the
 * rows (one was deleted, the table was replaced) has no id and no date; its time is
 * that of the export.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { isIP } from 'node:net';
import type { AuditRecord, Checksum, Emergency, Field, Tampering, Unparsed } from '../model/record.js';
import { checksumOf } from './checksum.js';
import { commentsOf } from './comments.js';
import { apiOf, flagOf, isAboutRows, isObject, numberOf, type Row, textOf } from './row.js';
import { wallClockMs, wallTimeOf } from './wall-clock.js';

export type ReadRow = { readonly row: Row } | Unparsed;

/** Reasons: `not-utf8`, `not-json`, `not-object`. */
export function readRow(line: Buffer): ReadRow {
  const text = textIn(line);
  if (text === undefined) return { unparsed: 'not-utf8' };
  try {
    const row: unknown = JSON.parse(text);
    return isObject(row) ? { row } : { unparsed: 'not-object' };
  } catch {
    return { unparsed: 'not-json' };
  }
}

/** `site` is OpenEMR's site as configured; without one the row's own counts, then `siteOfPath`. */
export function recordOf(row: Row, site = '', siteOfPath = ''): AuditRecord {
  const api = apiOf(row);
  const event = textOf(row.event);
  const success = flagOf(row.success);
  const breakglass = flagOf(row.breakglass) === true;
  const checksum = checksumOf(row);
  const named = site || textOf(row.site) || siteOfPath;
  const names = namesOf(row, named);
  const wallTime = wallTimeOf(textOf(row.date));
  const exportedAtMs = exportedMs(textOf(row.exported_at));
  const record = {
    event,
    site: named,
    success,
    failed: hasFailed(row, success),
    checksum,
    tampering: tamperingOf(row, checksum, names),
    emergency: emergencyOf(event, success, breakglass),
    wallTime,
    notAfterMs: createdMs(textOf(api.created_time), wallTime) ?? exportedAtMs,
    fields: fieldsOf(row, { success, checksum, breakglass, names }),
  };
  return isAboutRows(row) && exportedAtMs !== undefined ? { ...record, atMs: exportedAtMs } : record;
}

/** Latin1 decoding costs a fraction of UTF-8's and gives the same for ASCII. */
function textIn(line: Buffer): string | undefined {
  if (isAscii(line)) return line.toString('latin1');
  return isUtf8(line) ? line.toString('utf8') : undefined;
}

interface Found {
  readonly success: boolean | undefined;
  readonly checksum: Checksum;
  readonly breakglass: boolean;
  readonly names: Names;
}

/** In the order of their worth: what does not fit in a message is left out from the end. */
function fieldsOf(row: Row, { success, checksum, breakglass, names }: Found): readonly Field[] {
  const fields: Field[] = [];
  add(fields, 'user', textOf(row.user));
  add(fields, 'patient', numberOf(row.patient_id));
  if (success !== undefined) add(fields, 'success', success ? '1' : '0');
  add(fields, 'row', names.row);
  add(fields, 'about', names.about);
  if (breakglass) add(fields, 'breakglass', '1');
  if (!isAboutRows(row)) add(fields, 'checksum', checksum);
  add(fields, 'category', textOf(row.category));
  add(fields, 'ip', clientOf(row));
  add(fields, 'group', textOf(row.groupname));
  add(fields, 'from', textOf(row.log_from));
  if (row.encrypt === 'Yes') add(fields, 'encrypted', '1');
  return fields;
}

function add(fields: Field[], name: string, value: string): void {
  if (value !== '') fields.push([name, value]);
}

interface Names {
  readonly row: string;
  /** The row that a line of the exporter's tells of. */
  readonly about: string;
}

function namesOf(row: Row, site: string): Names {
  return { row: rowName(row, row.id, site), about: rowName(row, row.row_id, site) };
}

/**
 * `site:generation:id`, each part empty when unknown (`default::4711`). The
 * id is behind the last colon, the generation behind the one before.
 */
function rowName(row: Row, column: unknown, site: string): string {
  const id = textOf(column);
  return id === '' ? '' : `${site}:${generationOf(row)}:${id}`;
}

function generationOf(row: Row): string {
  return row.generation === undefined ? '' : textOf(row.generation).replaceAll(':', '_');
}

/**
 * `api_log.created_time` is a TIMESTAMP, written right after the row: exporters
 * and dumps read it in UTC. One that shows the row's own wall time was read in
 * some local zone, or in a zone that is UTC by chance, and tells nothing.
 */
function createdMs(created: string, wallTime: string | undefined): number | undefined {
  const utc = wallTimeOf(created);
  if (utc === undefined || wallTime === undefined) return undefined;
  const createdAtMs = wallClockMs(utc);
  return Math.abs(createdAtMs - wallClockMs(wallTime)) < SAME_CLOCK_MS ? undefined : createdAtMs;
}

/** The exporter's own clock. */
function exportedMs(exportedAt: string): number | undefined {
  if (!EXPORTED.test(exportedAt)) return undefined;
  const ms = Date.parse(exportedAt);
  return Number.isNaN(ms) ? undefined : ms;
}

const EXPORTED = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/** Less than any offset from UTC in use (the smallest are half an hour), more than a request takes. */
const SAME_CLOCK_MS = 20 * 60_000;

/**
 * An emergency account ("break-glass") that comes or goes. OpenEMR has no event
 * for it: what tells is a login that succeeded, or a logout of whatever kind,
 * of a user who is in that group.
 */
export function emergencyOf(event: string, success: boolean | undefined, breakglass: boolean): Emergency | undefined {
  if (!breakglass) return undefined;
  if (event === 'logout') return 'stop';
  return LOGINS.has(event) && success !== false ? 'start' : undefined;
}

const LOGINS: ReadonlySet<string> = new Set(['login', 'login attempt', 'onetime login attempt']);

/*
 * Signs that somebody has changed the trail since OpenEMR wrote it: a row that
 * does not fit its checksum, and what the exporter found when it compared the
 * database with what it had written before.
 */

/** `row` is the name of the row itself, `about` that of the row which a line of the exporter's tells of. */
export function tamperingOf(
  row: Row,
  checksum: Checksum,
  names: { row: string; about: string },
): Tampering | undefined {
  if (checksum === 'altered') return { how: 'altered', row: names.row };
  if (!isAboutRows(row)) return undefined;
  switch (row.event) {
    case 'audit-trail-row-deleted':
      return { how: 'deleted', row: names.about };
    case 'audit-trail-row-edited':
      return { how: 'edited', row: names.about };
    default:
      return undefined;
  }
}

/*
 * The address that somebody came from: OpenEMR has a column for it only in
 * `api_log`. Of who logs in it writes REMOTE_ADDR into the comments, as its
 * login, its API and its portal word it; what the client says of itself, in
 * parentheses behind it, proves nothing.
 */

/** An IPv4 or IPv6 address; empty when the row has none. */
export function clientOf(row: Row): string {
  const { ip_address } = apiOf(row);
  const stated = textOf(ip_address);
  if (isIP(stated) > 0) return stated;
  if (!COMINGS.has(textOf(row.event))) return '';
  const { form, bytes } = commentsOf(row);
  const address = form === 'text' ? WORDS.exec(bytes.toString('latin1'))?.[1]?.replace(/[.:]$/, '') : undefined;
  return address !== undefined && isIP(address) > 0 ? address : '';
}

/** Do the words of the comments decide what the record of such an event says? */
export function commentsTell(event: string): boolean {
  return COMINGS.has(event) || event === 'backup' || event === 'logout';
}

const COMINGS: ReadonlySet<string> = new Set([
  'login',
  'login attempt',
  'onetime login attempt',
  'auth',
  'mfa',
  'api',
  'portalapi',
]);
const WORDS = /^(?:(?:API |Auth |Portal API )?(?:success|failure)|Google Failure):? ?([\da-fA-F.:]+)/;

/**
 * Whether what a row tells of has failed. OpenEMR's column says so, but for
 * two things that it always calls failed: a backup that is completed
 * (interface/main/backup.php), and the end of a session that nobody asked for
 * (library/auth.inc.php), which did end.
 */
export function hasFailed(row: Row, success: boolean | undefined): boolean {
  if (success !== false) return false;
  switch (textOf(row.event)) {
    case 'backup':
      return !/completed/.test(commentText(row));
    case 'logout':
      return !/^timeout/.test(commentText(row));
    default:
      return true;
  }
}

function commentText(row: Row): string {
  const { form, bytes } = commentsOf(row);
  return form === 'text' ? bytes.toString('latin1') : '';
}
