import test from 'ava';
import fc from 'fast-check';
import { compactDate, gapsBetween, isSurelyOlder, rangesOf } from '../../../src/export/database/id-ranges.js';

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

test('a difference that the end of summer time could make proves nothing', (t) => {
  t.false(isSurelyOlder('2026-11-01 00:30:00', '2026-11-01 01:31:00', 60_000));
  t.false(isSurelyOlder('2026-11-01 01:59:00', '2026-11-01 01:01:00', 60_000));
  t.true(isSurelyOlder('2026-11-01 00:30:00', '2026-11-01 02:31:01', 60_000));
});

test('what is no date proves nothing', (t) => {
  t.false(isSurelyOlder(null, '2026-11-01 02:31:00', 0));
  t.false(isSurelyOlder('0000-00-00 00:00:00', '2026-11-01 02:31:00', 0));
  t.is(compactDate(null), undefined);
  t.is(compactDate('0000-00-00 00:00:00'), undefined);
});

test('a date is a name without signs', (t) => {
  t.is(compactDate('2026-11-20 07:58:01'), '20261120T075801');
});
