/**
 * What is drawn over what was drawn before, on a terminal of any size. The top
 * is what matters, so it is the bottom that is left out where room is short. A
 * line is erased only behind its new text, so that nothing flickers. Pure.
 */
import type { Screen } from '../io.js';
import { plural } from '../voice.js';

const HOME = '\u001b[H';
const ERASE_LINE = '\u001b[K';
const ERASE_BELOW = '\u001b[J';

export function drawn(text: string, { columns, rows }: Screen): string {
  const lines = text.replace(/\n$/, '').split('\n');
  return `${HOME}${fitting(lines, columns, rows)
    .map((line) => `${line}${ERASE_LINE}\n`)
    .join('')}${ERASE_BELOW}`;
}

/** The last row stays free: it is where the cursor waits. */
function fitting(lines: readonly string[], columns: number, rows: number): string[] {
  const free = Math.max(2, rows - 1);
  if (heightOf(lines, columns) <= free) return [...lines];
  const shown: string[] = [];
  for (const line of lines) {
    if (heightOf([...shown, line], columns) >= free) break;
    shown.push(line);
  }
  const rest = `… ${plural(lines.length - shown.length, 'more line')}: make the window larger`;
  return [...shown, rest.slice(0, Math.max(1, columns))];
}

/** Long lines are wrapped by the terminal. */
function heightOf(lines: readonly string[], columns: number): number {
  return lines.reduce((rows, line) => rows + Math.max(1, Math.ceil([...line].length / columns)), 0);
}
