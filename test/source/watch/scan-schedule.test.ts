import test from 'ava';
import { Hinted } from '../../../src/source/watch/scan-schedule.js';

test('a hinted path is due at once, and once', (t) => {
  const hinted = new Hinted();
  t.is(hinted.nextMs, Number.POSITIVE_INFINITY);
  hinted.add('/a');
  hinted.add('/a');

  t.is(hinted.nextMs, 0);
  t.deepEqual(hinted.take(0), ['/a']);
  t.deepEqual(hinted.take(0), []);
});

test('a hint that comes while its path rests is kept until the rest is over', (t) => {
  const hinted = new Hinted();
  hinted.add('/a');
  hinted.take(0);
  hinted.add('/a');
  const restMs = hinted.nextMs;
  t.true(restMs > 0);

  t.deepEqual(hinted.take(restMs - 1), []);
  t.deepEqual(hinted.take(restMs), ['/a']);
});

test('a path that rests holds up no other, and is forgotten when it was hinted no more', (t) => {
  const hinted = new Hinted();
  hinted.add('/a');
  hinted.take(0);
  hinted.add('/b');

  t.deepEqual(hinted.take(10), ['/b']);
  t.deepEqual(hinted.take(1000), []);
  t.is(hinted.nextMs, Number.POSITIVE_INFINITY);
});
