import test from 'ava';
import fc from 'fast-check';
import { cutLines, HOLE_BYTES, leadingNuls } from '../../../src/source/read/lines.js';

test('a text is cut after its last newline', (t) => {
  t.deepEqual(cutLines(Buffer.from('one\ntwo\nthr'), 100, false), { end: 8, ending: 'newline' });
});

test('a line that may still end within the limit is waited for', (t) => {
  t.is(cutLines(Buffer.from('x'.repeat(10)), 10, false), undefined);
  t.is(cutLines(Buffer.from(`${'x'.repeat(10)}\r`), 10, false), undefined);
});

test('a line beyond the limit is cut between characters, and not between CR and LF', (t) => {
  t.deepEqual(cutLines(Buffer.from('xxxxxxxxxüxx'), 10, false), { end: 9, ending: 'part' });
  t.deepEqual(cutLines(Buffer.from('xxxxxxx\u{1f600}xxxx'), 10, false), { end: 7, ending: 'part' });
  t.deepEqual(cutLines(Buffer.from(`${'x'.repeat(9)}\rxx`), 10, false), { end: 9, ending: 'part' });
  t.deepEqual(cutLines(Buffer.alloc(20, 0x80), 10, false), { end: 10, ending: 'part' });
});

test('whatever the bytes, cutting goes on until all is taken, and no part is longer than the limit', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 8, max: 40 }), (array, limit) => {
      const bytes = Buffer.from(array);
      let at = 0;
      for (;;) {
        const cut = cutLines(bytes.subarray(at, at + limit + 2), limit, false);
        if (cut === undefined) break;
        if (cut.end <= 0 || (cut.ending === 'part' && cut.end > limit)) return false;
        at += cut.end;
      }
      return bytes.length - at < limit + 2 && !bytes.subarray(at).includes(0x0a);
    }),
  );
  t.pass();
});

const LINE = Buffer.from('a line\n');

test('a long run of NUL bytes at the start of a line is a hole, cut from the lines before and behind it', (t) => {
  const hole = Buffer.alloc(10_000);
  const text = Buffer.concat([LINE, hole, LINE]);
  t.deepEqual(cutLines(text, 100_000, false), { end: LINE.length, ending: 'newline' });
  t.deepEqual(cutLines(text.subarray(LINE.length), 100_000, false), { end: hole.length, ending: 'hole' });
  t.deepEqual(cutLines(hole, 100, false), { end: hole.length, ending: 'hole' });
});

test('a short run of NUL bytes, or one inside a line, is part of the line', (t) => {
  const nuls = Buffer.alloc(HOLE_BYTES - 1);
  const odd = Buffer.concat([nuls, LINE, Buffer.from('half'), Buffer.alloc(10_000), LINE]);
  t.deepEqual(cutLines(odd, 100_000, false), { end: odd.length, ending: 'newline' });
  t.deepEqual(cutLines(Buffer.alloc(10_000), 5000, true), { end: 5000, ending: 'part' });
  t.is(cutLines(nuls, 100_000, false), undefined);
});

test('a hole is found exactly when there is one, wherever it lies', (t) => {
  const run = fc.tuple(fc.constantFrom('\0', '\0', 'a', '\n'), fc.integer({ min: 1, max: 6_000 }));
  const texts = fc
    .array(run, { maxLength: 8 })
    .map((runs) => Buffer.from(runs.map(([byte, n]) => byte.repeat(n)).join('')));
  fc.assert(
    fc.property(texts, fc.boolean(), (text, inside) => {
      const start = inside ? '(?<=\n)' : '(?<![^\n])';
      const found = new RegExp(`${start}\0{${HOLE_BYTES}}`).exec(text.toString('latin1'))?.index;
      const cut = cutLines(text, 1_000_000, inside);
      if (found === 0) return cut?.ending === 'hole' && cut.end === leadingNuls(text);
      return cut?.ending !== 'hole' && (found === undefined || cut?.end === found);
    }),
  );
  t.pass();
});
