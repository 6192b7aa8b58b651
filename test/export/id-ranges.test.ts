import test from 'ava';
import fc from 'fast-check';
import { gapsBetween, rangesOf } from '../../src/export/id-ranges.js';

const ids = fc.uniqueArray(fc.integer({ min: 1, max: 60 })).map((found) => found.toSorted((a, b) => a - b));
const all = (ranges: readonly { from: number; to: number }[]) =>
  ranges.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, at) => from + at));

test('ranges hold the ids that they were made of, in as few ranges as can be', (t) => {
  fc.assert(
    fc.property(ids, (given) => {
      const ranges = rangesOf(given);

      t.deepEqual(all(ranges), given);
      for (const [at, { from }] of ranges.entries()) if (at > 0) t.true(from > ranges[at - 1]!.to + 1);
    }),
  );
});

test('gaps are the ids that are not there', (t) => {
  fc.assert(
    fc.property(ids, fc.integer({ min: 1, max: 30 }), fc.nat(40), (given, from, more) => {
      const expected = all([{ from, to: from + more }]).filter((id) => !given.includes(id));

      t.deepEqual(all(gapsBetween(from, from + more, given)), expected);
    }),
  );
});
