import test from 'ava';
import fc from 'fast-check';
import { LineSplitter } from '../../src/verify/line-splitter.js';

const line = fc
  .uint8Array({ maxLength: 12 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 10 ? 11 : byte))));

test('lines come out whole with their offsets, wherever the stream is cut', (t) => {
  fc.assert(
    fc.property(fc.array(line), line, fc.array(fc.nat(200)), (lines, rest, cuts) => {
      const stream = Buffer.concat([...lines.flatMap((each) => [each, Buffer.from('\n')]), rest]);
      const splitter = new LineSplitter(8);
      const places = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b);
      const pieces = [...places, stream.length].map((end, index) => stream.subarray(places[index - 1] ?? 0, end));

      const found = [...pieces.flatMap((piece) => splitter.feed(piece)), ...splitter.end()];

      let offset = 0;
      const expected = [...lines, ...(rest.length === 0 ? [] : [rest])].map((bytes) => {
        const start = offset;
        offset += bytes.length + 1;
        return { bytes: bytes.length > 8 ? undefined : bytes, offset: start };
      });
      t.deepEqual(
        found.map(({ bytes, offset }) => ({ bytes: bytes && Buffer.from(bytes), offset })),
        expected,
      );
    }),
  );
});

test('a line too long to keep does not spoil the one behind it', (t) => {
  const splitter = new LineSplitter(4);

  t.deepEqual(splitter.feed(Buffer.from('123')), []);
  t.deepEqual(splitter.feed(Buffer.from('456')), []);
  t.deepEqual(splitter.feed(Buffer.from('7\nabc\n')), [
    { bytes: undefined, offset: 0 },
    { bytes: Buffer.from('abc'), offset: 8 },
  ]);
});
