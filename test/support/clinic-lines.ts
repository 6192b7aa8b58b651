/**
 * Lines as a clinic's logs have them: rows in each form in which they come, and text; and an
 * encoder for them, which says how many of them took the fast path.
 */
import type { MessageConfig, SourceConfig } from '../../src/config/config.js';
import { Encoder } from '../../src/encode/encoder.js';
import { rowLine as exportedLine } from '../../src/export/file/audit-line.js';
import type { Chunk } from '../../src/model/line.js';
import { PLAIN_MESSAGE, TEXT_SOURCE } from './config.js';
import { auditRow, rowLine } from './openemr-rows.js';

const EVENTS = [
  ['patient-record-select', 'Patient Demographics', "SELECT * FROM patient_data WHERE pid = ? ('17')"],
  ['patient-record-select', 'lists', "SELECT * FROM lists WHERE pid = ? AND type = ? ('17','allergy')"],
  ['http-request-select', 'http-request-select', '/interface/patient_file/summary/demographics.php?set_pid=17&x=1'],
  ['http-request-update', 'http-request-update', '/interface/main/dated_reminders_counter.php'],
  ['patient-record-update', 'Billing', "UPDATE billing SET fee = ? WHERE id = ? ('25.00','4711')"],
  ['order-insert', 'Medication', "insert into prescriptions (patient_id,drug) values ('4','Metformin 500mg BID')"],
  ['scheduling-update', 'Scheduling', "UPDATE openemr_postcalendar_events SET pc_apptstatus = ? ('@')"],
  ['security-administration-select', 'Security', 'SELECT `id`, `username` FROM `users` WHERE `username` = ?'],
  ['view', 'view', ''],
  ['login', 'login', 'success: 10.20.4.31'],
  ['logout', 'logout', 'success'],
] as const;

function rowOf(number: number) {
  const [event, category, comment] = EVENTS[number % EVENTS.length]!;
  const patient_id = /patient|view/.test(event) ? 1 + (number % 97) : null;
  const second = String(number % 60).padStart(2, '0');
  const user = ['rsato', 'drlee', 'reception'][number % 3]!;
  const columns = { id: 4000 + number, date: `2026-11-20 08:01:${second}`, event, category, user, patient_id };
  return auditRow({ ...columns, success: number % 50 === 0 ? 0 : 1 }, comment);
}

/** With what the table holds, under the names that the export has for it. */
function asExported(number: number): Buffer {
  const {
    encrypt,
    version,
    checksum,
    checksum_api,
    api: _api,
    ...cells
  } = JSON.parse(rowLine(rowOf(number)).toString());
  const columns = Object.keys(cells);
  const trail = { columns, sealTable: 'log_comment_encrypt' } as unknown as Parameters<typeof exportedLine>[0];
  const stamp = {
    site: 'default',
    generation: '3f2a91bc',
    exportedAtMs: Date.UTC(2026, 10, 20, 13, 1, 45),
    awaiting: 1,
  };
  const row = { id: cells.id, cells, seal: { encrypt, version, checksum, checksum_api }, api: undefined };
  return Buffer.from(exportedLine(trail, row, { ...stamp, late: false, breakglass: false, unread: [] }).trimEnd());
}

/** As `JSON_OBJECT` of MariaDB writes it. */
function asJsonObject(number: number): Buffer {
  return Buffer.from(
    rowLine(rowOf(number))
      .toString()
      .replaceAll(/(":|,)(?=["\dn])/g, '$1 '),
  );
}

const HEADING =
  'id date event category user groupname comments user_notes patient_id success crt_user log_from menu_item_id ccda_doc_id encrypt version checksum'.split(
    ' ',
  );
function asCells(number: number): Buffer {
  const cells = JSON.parse(rowLine(rowOf(number)).toString());
  return Buffer.from(HEADING.map((name) => cells[name] ?? 'NULL').join('\t'));
}

const HEADING_5 =
  'id date event category user groupname comments user_notes patient_id success checksum crt_user log_from menu_item_id ccda_doc_id encrypt version lce_checksum'.split(
    ' ',
  );
function asCellsOf5(number: number): Buffer {
  const comments = `SELECT * FROM patient_data WHERE pid = ? ('${number}',)`;
  const { id, date, event, category, user, groupname, patient_id } = rowOf(number * EVENTS.length);
  const cells = {
    id,
    date,
    event,
    category,
    user,
    groupname,
    patient_id,
    comments,
    success: 1,
    encrypt: 'No',
    version: 3,
  };
  const empty = { user_notes: null, checksum: '', crt_user: '', log_from: 'open-emr', lce_checksum: '' };
  const row: Readonly<Record<string, unknown>> = { ...cells, ...empty };
  return Buffer.from(HEADING_5.map((name) => row[name] ?? 'NULL').join('\t'));
}

const TEXT = (number: number) => Buffer.from(`line ${number} of a log`);

/** Name, profile, format, the line of a number, the names of its columns where a first line says them. */
export const FORMS = [
  ['text', 'plain', 'text', TEXT, []],
  ['text', 'atna', 'text', TEXT, []],
  ['rows as export writes them', 'plain', 'openemr', asExported, []],
  ['rows as export writes them', 'atna', 'openemr', asExported, []],
  ['rows of JSON_OBJECT', 'plain', 'openemr', asJsonObject, []],
  ['rows of JSON_OBJECT', 'atna', 'openemr', asJsonObject, []],
  ['rows of mysql --batch', 'plain', 'openemr-tsv', asCells, HEADING],
  ['rows of mysql --batch', 'atna', 'openemr-tsv', asCells, HEADING],
  ['rows of OpenEMR 5.0', 'plain', 'openemr-tsv', asCellsOf5, HEADING_5],
] as const;

export function encoderOf(
  profile: MessageConfig['profile'],
  format: SourceConfig['format'],
  comments: MessageConfig['comments'],
  fast: boolean,
) {
  const maxBytes = profile === 'atna' ? 32_768 : 8192;
  const message: MessageConfig = { ...PLAIN_MESSAGE, profile, maxBytes, comments };
  const source: SourceConfig = { ...TEXT_SOURCE, format };
  return new Encoder({ sources: [source], message, run: '00112233445566ff', nextSeq: 1, positions: [], fast });
}

export function chunkOf(bytes: Buffer): Chunk {
  const identity = { inode: 1, device: 1, birthtimeMs: 1, head: '', last: '' };
  const from = { tailId: '0123456789abcdef', source: 'main', path: '/var/log/audit.log', offset: 0, identity };
  return { from, to: { ...from, offset: bytes.length }, bytes, ending: 'newline', readAtMs: Date.UTC(2026, 10, 23) };
}

/** So many lines, each with its LF, behind the one that names the columns. */
export function logOf(lines: number, lineOf: (number: number) => Buffer, heading: readonly string[]): Buffer {
  const first = heading.length === 0 ? [] : [Buffer.from(heading.join('\t'))];
  const all = [...first, ...Array.from({ length: lines }, (_, number) => lineOf(number))];
  return Buffer.concat(all.flatMap((line) => [line, Buffer.from('\n')]));
}
