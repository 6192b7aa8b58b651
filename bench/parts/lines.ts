/**
 * Lines to forward. Each says its own number, so that a collector can tell
 * without any of the product's code which lines it has.
 *
 *   text   380 octets of plain text
 *   row    a row of OpenEMR's `log` as `export` writes it, 743 octets on average: comments in base64, the
 *          SHA3-512 of OpenEMR 6.0 and later. The product's own writer makes it, so that the two cannot drift apart
 *   long   64 KiB of text
 */
import { hash } from 'node:crypto';
import { appendFileSync, closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOG_TRAIL } from '../../src/export/database/audit-tables.js';
import { rowLine } from '../../src/export/file/audit-line.js';
import { checksumOf } from '../../src/openemr/checksum.js';

export type Kind = 'text' | 'row' | 'long';

const MAKERS: Record<Kind, (number: number) => string> = { text, row, long };
const OCTETS_A_WRITE = 4 * 1024 * 1024;
const TICK_MS = 10;

/** Writes lines 1 to `count` as fast as the disk takes them. */
export function writeLines(path: string, count: number, kind: Kind = 'text'): void {
  const file = openSync(path, 'w', 0o640);
  const make = MAKERS[kind];
  let [written, octets]: [string[], number] = [[], 0];
  for (let number = 1; number <= count; number += 1) {
    const line = make(number);
    written.push(line);
    octets += line.length;
    if (octets < OCTETS_A_WRITE && number < count) continue;
    writeSync(file, written.join(''));
    [written, octets] = [[], 0];
  }
  closeSync(file);
}

/** Lines `from` to `to` as one text, each with its LF. */
export function linesOf(kind: Kind, from: number, to: number): string {
  let lines = '';
  for (let number = from; number <= to; number += 1) lines += MAKERS[kind](number);
  return lines;
}

/** Appends lines 1 to `count` at a steady rate; `written` tells how many there are after each append. */
export async function appendLines(
  path: string,
  count: number,
  perSecond: number,
  written: (total: number) => void,
): Promise<void> {
  const startedAtMs = performance.now();
  for (let total = 0; total < count; ) {
    const due = Math.min(count, Math.ceil(((performance.now() - startedAtMs) * perSecond) / 1000));
    if (due > total) appendFileSync(path, linesOf('text', total + 1, due));
    total = due;
    written(total);
    await sleep(TICK_MS);
  }
}

/** The number that a message's line says, or `undefined` when it is none of ours. */
export function numberIn(message: Buffer): number | undefined {
  const [, digits] = /\bline (\d+) of the audit trail\b/.exec(message.toString('latin1')) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

function text(number: number): string {
  const start = `line ${number} of the audit trail: patient-record-select by physician, patient ${number % 9973}; `;
  return `${start.padEnd(379, 'select pid, fname, lname from patient_data where pid = ? ')}\n`;
}

function long(number: number): string {
  return `${`line ${number} of the audit trail: `.padEnd(65_535, 'UPDATE pnotes SET body = ? WHERE id = ? ')}\n`;
}

const EVENTS = [
  [
    'patient-record-select',
    'Patient Demographics',
    'SELECT pid, fname, lname, DOB FROM patient_data WHERE pid = ? ORDER BY lname, fname',
  ],
  [
    'security-administration-select',
    'Security',
    'SELECT id, username, authorized, active FROM users WHERE username = ? AND active = 1',
  ],
  [
    'patient-record-update',
    'Problem List',
    'UPDATE lists SET title = ?, begdate = ?, diagnosis = ?, activity = 1 WHERE pid = ?',
  ],
  [
    'scheduling-select',
    'Scheduling',
    'SELECT pc_eid, pc_title, pc_startTime, pc_endTime FROM openemr_postcalendar_events',
  ],
] as const;
const USERS = ['reception', 'physician', 'nurse2', 'billing', 'admin'];
const ROWS_A_SECOND = 25;
const FIRST_MS = Date.UTC(2026, 10, 16, 8);

/** Line `number` is the row with that id. */
function row(number: number): string {
  const at = FIRST_MS + Math.floor(number / ROWS_A_SECOND) * 1000;
  const [event, category, statement] = EVENTS[number % EVENTS.length]!;
  const patient = (number * 7919) % 99_991;
  const cells = {
    id: number,
    date: new Date(at).toISOString().slice(0, 19).replace('T', ' '),
    event,
    category,
    user: USERS[number % USERS.length]!,
    groupname: 'Default',
    comments: Buffer.from(`${statement} LIMIT ${number % 500}, 25 ('${patient}','1','en')`).toString('base64'),
    user_notes: '',
    patient_id: patient,
    success: 1,
    crt_user: '',
    log_from: 'open-emr',
    menu_item_id: null,
    ccda_doc_id: null,
  };
  const { id, ...summed } = cells;
  const seal = {
    log_id: id,
    encrypt: 'No',
    version: 4,
    checksum: hash('sha3-512', Object.values(summed).join('')),
    checksum_api: '',
  };
  const line = rowLine(
    LOG_TRAIL,
    { id, cells, seal, api: undefined },
    {
      site: 'default',
      generation: '',
      exportedAtMs: at + 5 * 3_600_000 + 1_500,
      awaiting: Math.max(0, id - 1),
      late: false,
      breakglass: false,
      unread: [],
    },
  );
  if (number === 1 && checksumOf(JSON.parse(line)) !== 'ok') throw new Error('the rows have no checksum that is right');
  return line;
}
