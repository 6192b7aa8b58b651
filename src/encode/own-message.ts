/**
 * Defines the agent's own messages, and makes those that encoding causes: rows that
 * were changed since OpenEMR wrote them, and a line that could not be encoded.
 */
import { printable } from '../lib/printable.js';
import type { Position } from '../model/position.js';
import type { Field, Tampering } from '../model/record.js';
import { type Severity, WARNING } from '../syslog/priority.js';

/** One of the agent's own messages, before it has a number. */
export interface OwnMessage {
  /** `start`, `stop`, `heartbeat`, `gap` … */
  readonly kind: string;
  readonly fields: readonly Field[];
  readonly severity: Severity;
}

export function own(kind: string, severity: OwnMessage['severity'], fields: readonly Field[]): OwnMessage {
  return { kind, severity, fields };
}

/** Rows of one read that are not as OpenEMR wrote them, or no longer in its database: how many, and the first ones by name. */
export function tamperMessage(source: string, file: string, found: readonly Tampering[]): OwnMessage {
  const counts = (['altered', 'deleted', 'edited'] as const).map((how): Field => {
    return [how, String(found.filter((each) => each.how === how).length)];
  });
  const names = found.map(({ row }) => row).filter((row) => row !== '');
  const rows = names.slice(0, ROWS_NAMED).map((row): Field => ['row', row]);
  return own('tamper', WARNING, [['source', source], ['file', printable(file)], ...counts, ...rows]);
}

/** The message of each such row names it as well; this one is the alarm. */
const ROWS_NAMED = 10;

/** Of a line no message could be made: a fault of the program. Its bytes are still in the file. */
export function unsentMessage({ path, tailId }: Position, from: number, to: number): OwnMessage {
  return own('gap', WARNING, [
    ['reason', 'fault'],
    ['file', printable(path)],
    ['tail', tailId],
    ['from', String(from)],
    ['to', String(to)],
  ]);
}
