import test from 'ava';
import fc from 'fast-check';
import { joined, Seqs, without } from '../../src/verify/seqs.js';

// Around the edges of words and pages, and far away.
const seqs = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 4080, max: 4110 }),
  fc.constantFrom(31, 32, 33, 8191, 8192, 3_000_000, 2 ** 40),
);

test('what is seen is known as new or repeated, as a map would know it', (t) => {
  fc.assert(
    fc.property(fc.array(seqs), (seen) => {
      const model = new Map<number, number>();
      const tested = new Seqs();
      for (const seq of seen) {
        t.is(tested.add(seq), !model.has(seq));
        model.set(seq, (model.get(seq) ?? 0) + 1);
      }
      t.is(tested.count, model.size);
      t.is(tested.first, Math.min(...model.keys()));
      t.is(tested.last, Math.max(0, ...model.keys()));
      for (const seq of [1, 2, 31, 32, 33, 4095, 4096, 4097, 8192, 2 ** 40]) {
        t.is(tested.has(seq), model.has(seq));
        t.is(tested.isRepeated(seq), (model.get(seq) ?? 0) > 1);
      }
    }),
  );
});

test('the holes and what is seen make up every range, without overlap', (t) => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 3500, max: 5500 })),
      fc.integer({ min: 3500, max: 4600 }),
      fc.nat(1100),
      (seen, from, length) => {
        const tested = new Seqs();
        for (const seq of seen) tested.add(seq);
        const to = from + length;
        const model = Array.from({ length: length + 1 }, (_, index) => from + index).filter(
          (seq) => !seen.includes(seq),
        );

        const holes = tested.missing(from, to);
        t.deepEqual(joined([...holes, ...tested.stored(from, to)]), [{ first: from, last: to }]);
        t.deepEqual(without([{ first: from, last: to }], tested.stored(from, to)), holes);

        const listed = holes.flatMap(({ first, last }) =>
          Array.from({ length: last - first + 1 }, (_, index) => first + index),
        );
        t.deepEqual(listed, model);
        for (const [index, { first }] of holes.entries()) if (index > 0) t.true(first > holes[index - 1]!.last + 1);
      },
    ),
  );
});

test('a hole of any size is found at once', (t) => {
  const tested = new Seqs();
  tested.add(1);
  tested.add(2 ** 50);

  t.deepEqual(tested.missing(1, 2 ** 50), [{ first: 2, last: 2 ** 50 - 1 }]);
  t.deepEqual(tested.missing(5, 4), []);
});
