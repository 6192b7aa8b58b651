import test from 'ava';
import fc from 'fast-check';
import type { FileStats } from '../../../src/lib/files.js';
import type { Content } from '../../../src/source/read/content.js';
import { digest, marksAfter, NO_MARKS } from '../../../src/source/read/fingerprint.js';
import { ReadText } from '../../../src/source/read/read-history.js';

/** A text that was read in these pieces. */
function readIn(pieces: readonly Buffer[]): ReadText {
  const read = new ReadText(0, NO_MARKS);
  let marks = NO_MARKS;
  for (const piece of pieces) {
    marks = marksAfter(marks, piece);
    read.append(piece, marks.head, digest(marks.last));
  }
  return read;
}

function contentOf(text: Buffer, compressed = false): Content {
  return {
    compressed,
    damage: undefined,
    read: (offset, length) => Promise.resolve(Buffer.from(text.subarray(offset, offset + length))),
    stat: () => Promise.resolve({ size: compressed ? 1 : text.length } as FileStats),
    complete: () => Promise.resolve(true),
    close: () => Promise.resolve(),
  };
}

// Few different bytes and long runs, so that beginnings are often the same.
const run = fc.tuple(fc.constantFrom('\0', 'a', '\n'), fc.integer({ min: 1, max: 5_000 }));
const text = fc
  .array(run, { minLength: 1, maxLength: 6 })
  .map((runs) => Buffer.from(runs.map(([byte, count]) => byte.repeat(count)).join('')));

test('a shorter text has been read when it is the beginning of what was read, and only then', async (t) => {
  await fc.assert(
    fc.asyncProperty(text, text, fc.boolean(), async (whole, other, compressed) => {
      const read = readIn([whole.subarray(0, 3_000), whole.subarray(3_000)]);
      const beginning = whole.subarray(0, Math.floor(whole.length / 2));
      t.is(await read.partOf(contentOf(beginning, compressed)), beginning.length);
      const isRead = other.length < whole.length && whole.subarray(0, other.length).equals(other);
      t.is(await read.partOf(contentOf(other, compressed)), isRead ? other.length : 0);
    }),
  );
});

const LINES = Array.from({ length: 40 }, (_, n) => Buffer.from(`${`${n} `.repeat(1_500)}\n`));
const LONG = Buffer.concat(LINES);

test('a text that ends long before what was read was read at least up to the last line end of a read in it', async (t) => {
  const read = readIn(LINES);
  const end = LINES.slice(0, 4).reduce((sum, { length }) => sum + length, 0);
  t.is(await read.partOf(contentOf(LONG.subarray(0, end))), end);
  t.is(await read.partOf(contentOf(LONG.subarray(0, end + 100))), end);
});

test('a text as long as what was read, or longer, is no part of it', async (t) => {
  const read = readIn(LINES);
  t.is(await read.partOf(contentOf(LONG)), 0);
  t.is(await read.partOf(contentOf(Buffer.concat([LONG, LONG]), true)), 0);
});

test('a text of which nothing but the beginning is the same has not been read', async (t) => {
  const read = readIn(LINES);
  const changed = Buffer.from(LONG.subarray(0, 20_000)).fill('x', 5_000);
  t.is(await read.partOf(contentOf(changed)), 0);
});
