import test from 'ava';
import fc from 'fast-check';
import { Beginnings } from '../../../src/source/match/beginnings.js';
import { Tail } from '../../../src/source/read/tail.js';

// Few different bytes and long runs, so that many texts begin alike.
const run = fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom(1, 2, 255, 256, 257, 4_000, 4_096));
const text = fc
  .array(run, { minLength: 1, maxLength: 4 })
  .map((runs) => Buffer.from(runs.map(([byte, count]) => byte.repeat(count)).join('')).subarray(0, 4_096));

test('of all files those are found whose text begins another, or goes on with it, and hardly any other', (t) => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 30 }), text, (texts, head) => {
      const beginnings = new Beginnings();
      const tails = texts.map((one, index) => {
        const tail = tailOf(index, one.length);
        beginnings.note(tail, one);
        return tail;
      });

      const found = beginnings.like(head, 'main', ['/logs/audit.log']);
      for (const [index, one] of texts.entries()) {
        const shorter = Math.min(one.length, head.length);
        const isAlike = one.subarray(0, shorter).equals(head.subarray(0, shorter));
        if (isAlike) t.true(found.includes(tails[index]!), 'one that is alike is found');
        // A text shorter than 4 KiB and one that is longer are compared by 256 bytes here, and by all when they are read.
        else if (shorter <= 256 || (one.length === 4_096) === (head.length === 4_096)) {
          t.false(found.includes(tails[index]!), 'one that is not alike is not found');
        }
      }
    }),
  );
});

test('a file that has changed, moved or gone is looked at again, a long one that has only grown is not', (t) => {
  const beginnings = new Beginnings();
  const [short, long] = [tailOf(1, 10), tailOf(2, 5_000)];
  t.deepEqual(beginnings.outdated([short, long]), [short, long]);
  beginnings.note(short, Buffer.from('a short one'));
  beginnings.note(long, Buffer.alloc(4_096, 'long'));
  t.deepEqual(beginnings.outdated([short, long]), []);

  for (const tail of [short, long]) {
    tail.sight({ dev: 1, ino: tail.identity.inode, birthtimeMs: 0, mtimeMs: 1, ctimeMs: 1, size: 6_000 }, true);
  }
  t.deepEqual(beginnings.outdated([short, long]), [short]);
});

function tailOf(number: number, size: number): Tail {
  const identity = { inode: number, device: 1, birthtimeMs: 0, head: '', last: '' };
  return new Tail(
    { tailId: `${number}`, source: 'main', path: `/logs/audit.log.${number}`, offset: 0, identity },
    { maxLineBytes: 1024, partialLineTimeoutMs: 10_000 },
    {
      lineage: '/logs/audit.log',
      age: number,
      bornLook: 1,
      journaled: true,
      place: { name: 'placed', key: `1:${number}`, size, stamp: 'one' },
    },
  );
}
