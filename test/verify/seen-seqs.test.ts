import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { SeenSeqs } from '../../src/verify/seen-seqs.js';

const digestOf = (content: number) => createHash('sha256').update(String(content)).digest();
// Around the edges of blocks of 512, and far away.
const seqs = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 500, max: 530 }),
  fc.constantFrom(1023, 1024, 1025, 3_000_000, 2 ** 40),
);

test('what is seen is known as new, the same or altered, as a map would know it', (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(seqs, fc.integer({ min: 0, max: 2 }))), (seen) => {
      const model = new Map<number, number>();
      const tested = new SeenSeqs();
      for (const [seq, content] of seen) {
        const known = model.get(seq);
        const expected = known === undefined ? 'new' : known === content ? 'same' : 'altered';
        t.is(tested.see(seq, digestOf(content)), expected);
        if (known === undefined) model.set(seq, content);
      }
      t.is(tested.count, model.size);
      t.is(tested.first, Math.min(...model.keys()));
      t.is(tested.last, Math.max(0, ...model.keys()));
      for (const seq of [1, 2, 511, 512, 513, 1024, 2 ** 40]) t.is(tested.has(seq), model.has(seq));
    }),
  );
});

test('the holes and what is seen make up every range, without overlap', (t) => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 2000 })),
      fc.integer({ min: 1, max: 1100 }),
      fc.nat(1100),
      (seen, from, length) => {
        const tested = new SeenSeqs();
        for (const seq of seen) tested.see(seq, digestOf(1));
        const to = from + length;
        const model = Array.from({ length: length + 1 }, (_, index) => from + index).filter(
          (seq) => !seen.includes(seq),
        );

        const holes = tested.missing(from, to);

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
  const tested = new SeenSeqs();
  tested.see(1, digestOf(1));
  tested.see(2 ** 50, digestOf(1));

  t.deepEqual(tested.missing(1, 2 ** 50), [{ first: 2, last: 2 ** 50 - 1 }]);
  t.deepEqual(tested.missing(5, 4), []);
});

test('a digest that begins with zeros is a digest like any other', (t) => {
  const tested = new SeenSeqs();

  t.is(tested.see(7, Buffer.alloc(8)), 'new');
  t.is(tested.see(7, Buffer.alloc(8)), 'same');
  t.true(tested.has(7));
});
