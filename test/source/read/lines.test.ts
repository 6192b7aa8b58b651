import test from 'ava';
import fc from 'fast-check';
import { cutLines } from '../../../src/source/read/lines.js';

test('a text is cut after its last newline', (t) => {
  t.deepEqual(cutLines(Buffer.from('one\ntwo\nthr'), 100), { end: 8, ending: 'newline' });
});

test('a line that may still end within the limit is waited for', (t) => {
  t.is(cutLines(Buffer.from('x'.repeat(10)), 10), undefined);
  t.is(cutLines(Buffer.from(`${'x'.repeat(10)}\r`), 10), undefined);
});

test('a line beyond the limit is cut between characters, and not between CR and LF', (t) => {
  t.deepEqual(cutLines(Buffer.from('xxxxxxxxxüxx'), 10), { end: 9, ending: 'part' });
  t.deepEqual(cutLines(Buffer.from('xxxxxxx\u{1f600}xxxx'), 10), { end: 7, ending: 'part' });
  t.deepEqual(cutLines(Buffer.from(`${'x'.repeat(9)}\rxx`), 10), { end: 9, ending: 'part' });
  t.deepEqual(cutLines(Buffer.alloc(20, 0x80), 10), { end: 10, ending: 'part' });
});

test('whatever the bytes, cutting goes on until all is taken, and no part is longer than the limit', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 8, max: 40 }), (array, limit) => {
      const bytes = Buffer.from(array);
      let at = 0;
      for (;;) {
        const cut = cutLines(bytes.subarray(at, at + limit + 2), limit);
        if (cut === undefined) break;
        if (cut.end <= 0 || (cut.ending === 'part' && cut.end > limit)) return false;
        at += cut.end;
      }
      return bytes.length - at < limit + 2 && !bytes.subarray(at).includes(0x0a);
    }),
  );
  t.pass();
});
