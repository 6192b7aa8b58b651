import test from 'ava';
import fc from 'fast-check';
import { FrameWriter } from '../../src/syslog/frame-writer.js';
import { BOM } from '../../src/syslog/rfc5424.js';
import { encodeFrame } from '../../src/syslog/rfc5425.js';

test('frames are written as the codec makes them, however small the first guess was', (t) => {
  const frame = fc.record({
    header: fc.string({ minLength: 1 }),
    bom: fc.boolean(),
    msg: fc.uint8Array({ maxLength: 400 }),
  });
  fc.assert(
    fc.property(fc.array(frame), (all) => {
      const writer = new FrameWriter(Buffer.alloc(0));
      for (const { header, bom, msg } of all) {
        const around = Buffer.concat([Buffer.from('<<'), msg, Buffer.from('>')]);
        writer.add(header, bom, around, 2, 2 + msg.length);
      }

      const expected = all.map(({ header, bom, msg }) =>
        encodeFrame(Buffer.concat([Buffer.from(header, 'latin1'), bom ? BOM : Buffer.alloc(0), msg])),
      );
      t.deepEqual(writer.frames, Buffer.concat(expected));
      t.is(writer.count, all.length);
    }),
  );
});

test('each character of a header is one octet', (t) => {
  const writer = new FrameWriter(Buffer.alloc(10));
  writer.add('\xc3\xa9', false, Buffer.alloc(0), 0, 0);
  t.deepEqual(writer.frames, Buffer.from('2 é'));
});
