import { crc32 } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import { decodeSegmentHead, encodeSegmentHead, type SegmentHead } from '../../../src/journal/format/segment.js';
import { positionAt } from '../../support/journal-bench.js';

const head: SegmentHead = {
  journal: '000102030405060708090a0b0c0d0e0f',
  first: 42,
  previous: { first: 7, end: 1234 },
  last: { run: '00000000000000ff', seq: 9 },
  opensRun: true,
  messages: 99,
  createdAtMs: 1_700_000_000_000,
  positions: [positionAt(5), positionAt(77, '00000000000000bb')],
};

test('a head comes back as it was, and what follows it is not its business', (t) => {
  const bytes = encodeSegmentHead(head);
  t.deepEqual(decodeSegmentHead(Buffer.concat([bytes, Buffer.from('OAFE')])), {
    kind: 'head',
    head,
    bytes: bytes.length,
  });
});

test('any bytes get an answer, and no flipped bit is believed', (t) => {
  const bytes = encodeSegmentHead(head);
  fc.assert(
    fc.property(fc.nat({ max: bytes.length * 8 - 1 }), (bit) => {
      const flipped = Buffer.from(bytes);
      flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      t.not(decodeSegmentHead(flipped).kind, 'head');
      t.not(decodeSegmentHead(flipped).kind, 'newer');
    }),
  );
  fc.assert(fc.property(fc.uint8Array(), (some) => t.not(decodeSegmentHead(Buffer.from(some)).kind, 'head')));
});

test('a head that has not come whole says how long it is', (t) => {
  const bytes = encodeSegmentHead(head);
  t.deepEqual(decodeSegmentHead(bytes.subarray(0, 3)), { kind: 'short', bytes: 16 });
  t.deepEqual(decodeSegmentHead(bytes.subarray(0, 20)), { kind: 'short', bytes: bytes.length });
});

test('a later version is told from damage', (t) => {
  const bytes = encodeSegmentHead(head);
  bytes.writeUInt16BE(2, 4);
  t.is(decodeSegmentHead(bytes).kind, 'illegible');
  bytes.writeUInt32BE(crc32(bytes.subarray(16), crc32(bytes.subarray(0, 12))), 12);
  t.deepEqual(decodeSegmentHead(bytes), { kind: 'newer', version: 2 });
});

test('the bytes are those of the documented picture', (t) => {
  const bytes = encodeSegmentHead(head);
  t.is(bytes.toString('latin1', 0, 4), 'OAFJ');
  t.is(bytes.readUInt32BE(4), 0x00010000);
  t.is(bytes.readUInt32BE(8), bytes.length - 16);
  t.deepEqual(JSON.parse(bytes.toString('utf8', 16)), head);
});
