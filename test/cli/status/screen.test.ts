import test from 'ava';
import { drawn } from '../../../src/cli/status/screen.js';

/** What the terminal shows: each drawing begins at its top. */
function shown(text: string, columns: number, rows: number): string[] {
  const [, drawing = ''] = drawn(text, { columns, rows }).split('\u001b[H');
  return drawing.replace('\u001b[J', '').replaceAll('\u001b[K', '').split('\n').slice(0, -1);
}

const TEN = Array.from({ length: 10 }, (_, index) => `line ${index}`);
const text = `${TEN.join('\n')}\n`;

test('what fits is shown completely', (t) => {
  t.deepEqual(shown(text, 80, 11), TEN);
});

test('on a small terminal the top is shown, and how many lines are not', (t) => {
  t.deepEqual(shown(text, 80, 5), [...TEN.slice(0, 3), '… 7 more lines: make the window larger']);
});

test('a line that the terminal wraps takes the rows that it needs', (t) => {
  t.deepEqual(shown(`${'x'.repeat(30)}\n${text}`, 10, 6), [`${'x'.repeat(30)}`, 'line 0', '… 9 more l']);
});

test('a terminal of unknown size is drawn on, too', (t) => {
  t.is(shown(text, 0, 0).length, 1);
});
