/** A result of `check`: one line for each thing checked, the verdict first, then the remedy if something is wrong. */
import { printable } from '../../lib/printable.js';
import { painter } from '../../observe/paint.js';
import type { Io } from '../io.js';

export interface CheckResult {
  /** `note`: nothing is wrong, and it is worth knowing once. */
  readonly verdict: 'good' | 'note' | 'warning' | 'bad';
  readonly text: string;
  readonly hint?: string | undefined;
}

export const good = (text: string): CheckResult => ({ verdict: 'good', text });
export const note = (text: string, hint?: string): CheckResult => ({ verdict: 'note', text, hint });
export const warning = (text: string, hint?: string): CheckResult => ({ verdict: 'warning', text, hint });
export const bad = (text: string, hint?: string): CheckResult => ({ verdict: 'bad', text, hint });

const MARKS = {
  good: ['green', 'ok'],
  note: ['cyan', 'note'],
  warning: ['yellow', 'warning'],
  bad: ['red', 'FAILED'],
} as const;

export function printResult({ verdict, text, hint }: CheckResult, io: Io): void {
  const [colour, word] = MARKS[verdict];
  const paint = painter(io.isTerminal, io.env);
  io.stdout.write(`${paint(colour, word.padEnd(8))} ${printable(text)}\n`);
  if (hint) io.stdout.write(`${' '.repeat(9)}${paint('bold', 'hint:')} ${printable(hint)}\n`);
}
