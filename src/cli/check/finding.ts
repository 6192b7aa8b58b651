/** What `check` found: one line a thing, the verdict first, a remedy behind what is wrong. */
import { printable } from '../../lib/printable.js';
import { painter } from '../../observe/paint.js';
import type { Io } from '../io.js';

export interface Finding {
  readonly verdict: 'good' | 'warning' | 'bad';
  readonly text: string;
  readonly hint?: string | undefined;
}

export const good = (text: string): Finding => ({ verdict: 'good', text });
export const warning = (text: string, hint?: string): Finding => ({ verdict: 'warning', text, hint });
export const bad = (text: string, hint?: string): Finding => ({ verdict: 'bad', text, hint });

const MARKS = { good: ['green', 'ok'], warning: ['yellow', 'warning'], bad: ['red', 'FAILED'] } as const;

export function printFinding({ verdict, text, hint }: Finding, io: Io): void {
  const [colour, word] = MARKS[verdict];
  const paint = painter(io.isTerminal, io.env);
  io.stdout.write(`${paint(colour, word.padEnd(8))} ${printable(text)}\n`);
  if (hint) io.stdout.write(`${' '.repeat(9)}${paint('bold', 'hint:')} ${printable(hint)}\n`);
}
