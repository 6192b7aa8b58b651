import test from 'ava';
import fc from 'fast-check';
import { backoffMs } from '../../src/link/retry.js';

const options = { initialMs: 500, maxMs: 30_000 };

test('the wait doubles with each failure up to its maximum', (t) => {
  const longest = [0, 1, 2, 6, 7, 1000].map((attempt) => backoffMs(attempt, options, () => 1));
  t.deepEqual(longest, [500, 1000, 2000, 30_000, 30_000, 30_000]);
});

test('any wait from nothing to the maximum is possible, so that a fleet does not come back in step', (t) => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
      const ms = backoffMs(attempt, options, () => chance);
      t.true(ms >= 0 && ms <= 30_000);
      t.is(ms, chance * backoffMs(attempt, options, () => 1));
    }),
  );
});
