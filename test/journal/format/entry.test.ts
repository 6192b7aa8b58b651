import { crc32 } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import {
  decodeEntryBody,
  decodeEntryHead,
  ENTRY_HEAD_BYTES,
  encodeEntry,
  seedOf,
} from '../../../src/journal/format/entry.js';
import type { NewEntry } from '../../../src/model/entry.js';
import { positionAt } from '../../support/journal-bench.js';

const ID = '000102030405060708090a0b0c0d0e0f';
const seed = seedOf(ID);
const run = fc.stringMatching(/^[0-9a-f]{16}$/);
const counts = fc.nat({ max: 2 ** 32 - 1 });
const big = fc.nat({ max: Number.MAX_SAFE_INTEGER });

const entries: fc.Arbitrary<NewEntry> = fc
  .record({
    moved: fc.option(fc.tuple(big, big), { nil: undefined }),
    first: fc.record({ run, seq: big }),
    count: counts,
    frames: fc.uint8Array({ maxLength: 500 }),
  })
  .map(({ moved, first, count, frames }) => ({
    from: moved?.[0],
    to: moved === undefined ? undefined : positionAt(moved[1]),
    first,
    count,
    frames: Buffer.from(frames),
  }));

const stored = (entry: NewEntry, number: number, own = false) =>
  Buffer.concat([encodeEntry(entry, { number, own, writtenAtMs: 1_700_000_000_000, seed }), entry.frames]);

function decoded(bytes: Buffer, at = 0, with_ = seed) {
  const head = decodeEntryHead(bytes, at, with_);
  return head && decodeEntryBody(bytes, at, head, with_);
}

test('an entry comes back as it was, wherever it stands', (t) => {
  fc.assert(
    fc.property(entries, big, fc.boolean(), fc.nat({ max: 50 }), (entry, number, own, at) => {
      const bytes = Buffer.concat([Buffer.alloc(at), stored(entry, number, own), Buffer.from('OAFE')]);
      const found = decoded(bytes, at);
      t.like(found, { ...entry, number, writtenAtMs: 1_700_000_000_000, bytes: bytes.length - at - 4 });
      t.is(decodeEntryHead(bytes, at, seed)?.own, own);
    }),
  );
});

test('an entry that only moves a position comes back, whatever its empty buffer is made of', (t) => {
  for (const frames of [Buffer.alloc(0), Buffer.allocUnsafeSlow(0).subarray(0, 0), Buffer.from(new ArrayBuffer(0))]) {
    const entry = { from: 0, to: positionAt(0), first: { run: '0123456789abcdef', seq: 1 }, count: 0, frames };
    t.like(decoded(stored(entry, 1)), { number: 1, count: 0, to: positionAt(0) });
  }
});

test('no entry with a flipped bit is believed, nor one that is cut short', (t) => {
  fc.assert(
    fc.property(entries, fc.nat(), fc.nat({ max: 7 }), (entry, place, bit) => {
      const bytes = stored(entry, 1);
      const at = place % bytes.length;
      t.is(decodeEntryHead(bytes.subarray(0, at % ENTRY_HEAD_BYTES), 0, seed), undefined);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
      t.is(decoded(bytes), undefined);
    }),
  );
});

test('an entry of one journal is no entry in another', (t) => {
  const bytes = stored(
    { from: undefined, to: undefined, first: { run: ID.slice(0, 16), seq: 1 }, count: 0, frames: Buffer.alloc(0) },
    1,
  );
  t.not(decoded(bytes), undefined);
  t.is(decoded(bytes, 0, seedOf('f'.repeat(32))), undefined);
});

test('the bytes are those of the documented picture', (t) => {
  const frames = Buffer.from('3 abc');
  const bytes = stored(
    { from: 5, to: positionAt(9), first: { run: '00000000000000ff', seq: 258 }, count: 1, frames },
    7,
    true,
  );
  const position = Buffer.from(JSON.stringify({ from: 5, to: positionAt(9) }));
  const u32 = (value: number) => {
    const field = Buffer.alloc(4);
    field.writeUInt32BE(value);
    return field;
  };
  const idCrc = crc32(Buffer.from(ID, 'hex'));
  const body = Buffer.concat([position, frames]);
  const rest = Buffer.concat([
    u32(60 + body.length),
    u32(position.length),
    Buffer.from('0000000000000007', 'hex'),
    Buffer.from('00000000000000ff', 'hex'),
    Buffer.from('0000000000000102', 'hex'),
    u32(1),
    u32(1),
    Buffer.from('0000018bcfe56800', 'hex'),
    u32(crc32(body, idCrc)),
  ]);
  t.deepEqual(bytes, Buffer.concat([Buffer.from('OAFE'), u32(crc32(rest, idCrc)), rest, body]));
});
