import test from 'ava';
import { HintedPaths } from '../../../src/source/watch/scan-schedule.js';

test('a hinted path is due at once, and once', (t) => {
  const hinted = new HintedPaths();
  t.is(hinted.nextMs, Number.POSITIVE_INFINITY);
  hinted.add('/a');
  hinted.add('/a');

  t.is(hinted.nextMs, 0);
  t.deepEqual(hinted.take(0), ['/a']);
  t.deepEqual(hinted.take(0), []);
});

test('a hint that comes while its path pauses is kept until the pause is over', (t) => {
  const hinted = new HintedPaths();
  hinted.add('/a');
  hinted.take(0);
  hinted.add('/a');
  const pauseMs = hinted.nextMs;
  t.true(pauseMs > 0);

  t.deepEqual(hinted.take(pauseMs - 1), []);
  t.deepEqual(hinted.take(pauseMs), ['/a']);
});

test('a path that pauses holds up no other, and is forgotten when it was hinted no more', (t) => {
  const hinted = new HintedPaths();
  hinted.add('/a');
  hinted.take(0);
  hinted.add('/b');

  t.deepEqual(hinted.take(10), ['/b']);
  t.deepEqual(hinted.take(1000), []);
  t.is(hinted.nextMs, Number.POSITIVE_INFINITY);
});
