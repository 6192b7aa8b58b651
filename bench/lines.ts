/** Lines to forward: each says its own number and is as long as an audit row, so that a count needs no product code. */
import { appendFileSync, closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** About what a row of OpenEMR's `log` takes, without its LF. */
const LINE_OCTETS = 370;
const LINES_A_WRITE = 5_000;
const TICK_MS = 10;

/** Writes lines 1 to `count` as fast as the disk takes them. */
export function writeLines(path: string, count: number): void {
  const file = openSync(path, 'w', 0o640);
  for (let from = 1; from <= count; from += LINES_A_WRITE)
    writeSync(file, lines(from, Math.min(LINES_A_WRITE, count - from + 1)));
  closeSync(file);
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
    if (due > total) appendFileSync(path, lines(total + 1, due - total));
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

function lines(from: number, count: number): string {
  let text = '';
  for (let number = from; number < from + count; number += 1) {
    const start = `line ${number} of the audit trail: patient-record-select by physician, patient ${number % 9973}; `;
    text += `${start.padEnd(LINE_OCTETS, 'select pid, fname, lname from patient_data where pid = ? ')}\n`;
  }
  return text;
}
