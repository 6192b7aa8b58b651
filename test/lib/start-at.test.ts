import test from 'ava';
import { readStartAt } from '../../src/lib/start-at.js';

test('a place to begin is a word, a date or an id', (t) => {
  t.deepEqual(readStartAt('beginning'), { kind: 'beginning' });
  t.deepEqual(readStartAt('end'), { kind: 'end' });
  t.deepEqual(readStartAt('2026-11-23'), { kind: 'date', date: '2026-11-23' });
  t.deepEqual(readStartAt('4711'), { kind: 'id', id: 4711 });
  for (const text of ['', 'begin', '2026-13-01', '23.11.2026', '-1', '1e5']) t.is(readStartAt(text), undefined, text);
});
