import { isUtf8 } from 'node:buffer';
import test from 'ava';
import fc from 'fast-check';
import { cutParts, msgForm } from '../../src/encode/parts.js';

const BOM = '\ufeff';
const NOT_UTF8 = Buffer.from([0xff]);

test('parts follow each other to the end and none is longer than the room', (t) => {
  const lines = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ unit: 'binary', maxLength: 80 }).map(Buffer.from),
  );
  fc.assert(
    fc.property(lines, fc.integer({ min: 8, max: 60 }), (line, room) => {
      const ends = cutParts(Buffer.from(line), room);
      t.is(ends.at(-1), line.length);
      for (const [index, end] of ends.entries()) {
        const length = end - (ends[index - 1] ?? 0);
        t.true(length <= room - 3);
        if (line.length > 0) t.true(length > 0);
      }
    }),
  );
});

test('UTF-8 is cut between characters, and each part is as long as it can be', (t) => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 80 }),
      fc.integer({ min: 8, max: 40 }),
      (text, room) => {
        const line = Buffer.from(text);
        let start = 0;
        for (const end of cutParts(line, room)) {
          t.true(isUtf8(line.subarray(start, end)));
          if (end < line.length) t.true(end - start > room - 3 - 4);
          start = end;
        }
      },
    ),
  );
});

test('no part that is not UTF-8 begins with a byte order mark', (t) => {
  const bytes = fc.array(fc.constantFrom(Buffer.from(BOM), NOT_UTF8, Buffer.from('ab')), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(bytes, fc.integer({ min: 8, max: 20 }), (pieces, room) => {
      const line = Buffer.concat(pieces);
      let start = 0;
      for (const end of cutParts(line, room)) {
        const part = line.subarray(start, end);
        t.true(isUtf8(part) || !part.subarray(0, 3).equals(Buffer.from(BOM)));
        start = end;
      }
    }),
  );
});

const forms: [why: string, bytes: Buffer, inside: boolean, form: string][] = [
  ['ASCII', Buffer.from('abc'), false, 'plain'],
  ['nothing', Buffer.alloc(0), false, 'plain'],
  ['UTF-8 beyond ASCII', Buffer.from('é'), false, 'marked'],
  ['UTF-8 with a byte order mark of its own', Buffer.from(`${BOM}é`), false, 'plain'],
  ['UTF-8 that goes on with U+FEFF after a cut', Buffer.from(`${BOM}é`), true, 'marked'],
  ['bytes that are not UTF-8', Buffer.concat([Buffer.from('é'), NOT_UTF8]), false, 'plain'],
  ['a byte order mark before bytes that are not UTF-8', Buffer.concat([Buffer.from(BOM), NOT_UTF8]), false, 'cut'],
];
for (const [why, bytes, inside, form] of forms) {
  test(`${why} is sent ${form}`, (t) => {
    t.is<string, string>(msgForm(bytes, true, inside), form);
  });
}

test('without message.bom no mark is added', (t) => {
  t.is(msgForm(Buffer.from('é'), false, false), 'plain');
});
