/**
 * An entry on disk: frames and the position they bring a tail to, under one
 * head, so that they stand or fall together. Numbers are big-endian.
 *
 *    0   4  "OAFE"
 *    4   4  CRC-32 of bytes 8-59, seeded with the CRC-32 of the journal's id
 *    8   4  length of the whole entry
 *   12   4  length of the position part
 *   16   8  entry number
 *   24   8  run
 *   32   8  seq of the first message, or of the next one when there is none
 *   40   4  count of messages
 *   44   4  flags: bit 0 = the agent's own message; the others are 0
 *   48   8  when it was handed over, milliseconds since 1970
 *   56   4  CRC-32 of everything after the head, seeded likewise
 *   60   p  position part: JSON {"from": offset, "to": position}; empty when no tail moved
 *  60+p  n  frames, RFC 5425, one after another
 *
 * The seed is why bytes that somebody plants in an audit line can never pass
 * for an entry when a reader looks for the next intact one after damage: the
 * id is random and never leaves this machine. The head has a CRC of its own so
 * that such a search costs 60 bytes a candidate, not a whole entry, and so that
 * damage among the frames still leaves us the number and the seqs that are lost.
 */
import { crc32 } from 'node:zlib';
import type { Entry, NewEntry, Run } from '../../model/entry.js';
import type { ByteOffset, Position } from '../../model/position.js';

export const ENTRY_MAGIC = Buffer.from('OAFE', 'latin1');
export const ENTRY_HEAD_BYTES = 60;

const OWN = 1;

/** The seed of every CRC in a journal with this id (32 hex digits). */
export type Seed = number;

export function seedOf(journalId: string): Seed {
  return crc32(Buffer.from(journalId, 'hex'));
}

export interface EntryHead {
  readonly number: number;
  readonly run: Run;
  readonly firstSeq: number;
  readonly count: number;
  readonly own: boolean;
  readonly writtenAtMs: number;
  /** Of the whole entry, head included. */
  readonly bytes: number;
  readonly positionBytes: number;
  readonly bodyCrc: number;
}

/** An entry as it stands on disk. */
export interface StoredEntry extends Entry {
  readonly writtenAtMs: number;
  /** What it takes on disk. */
  readonly bytes: number;
}

/** What is written before an entry's frames; the frames themselves are not copied. */
export function encodeEntry(
  entry: NewEntry,
  { number, own, writtenAtMs, seed }: { number: number; own: boolean; writtenAtMs: number; seed: Seed },
): Buffer {
  const position = entry.to === undefined ? '' : JSON.stringify({ from: entry.from, to: entry.to });
  const positionBytes = Buffer.byteLength(position);
  const head = Buffer.allocUnsafe(ENTRY_HEAD_BYTES + positionBytes);
  ENTRY_MAGIC.copy(head);
  head.writeUInt32BE(head.length + entry.frames.length, 8);
  head.writeUInt32BE(positionBytes, 12);
  head.writeBigUInt64BE(BigInt(number), 16);
  head.write(entry.first.run, 24, 'hex');
  head.writeBigUInt64BE(BigInt(entry.first.seq), 32);
  head.writeUInt32BE(entry.count, 40);
  head.writeUInt32BE(own ? OWN : 0, 44);
  head.writeBigUInt64BE(BigInt(writtenAtMs), 48);
  head.write(position, ENTRY_HEAD_BYTES);
  const positionCrc = positionBytes === 0 ? seed : crc32(head.subarray(ENTRY_HEAD_BYTES), seed);
  // Of a buffer without memory, zlib gives 0 and forgets the seed.
  head.writeUInt32BE(entry.frames.length === 0 ? positionCrc : crc32(entry.frames, positionCrc), 56);
  head.writeUInt32BE(crc32(head.subarray(8, ENTRY_HEAD_BYTES), seed), 4);
  return head;
}

/** The head that begins at `at`, or undefined when none does: fewer than 60 bytes, another magic, a CRC that does not fit. */
export function decodeEntryHead(bytes: Buffer, at: number, seed: Seed): EntryHead | undefined {
  if (bytes.length - at < ENTRY_HEAD_BYTES) return undefined;
  if (ENTRY_MAGIC.compare(bytes, at, at + 4) !== 0) return undefined;
  if (crc32(bytes.subarray(at + 8, at + ENTRY_HEAD_BYTES), seed) !== bytes.readUInt32BE(at + 4)) return undefined;
  return {
    bytes: bytes.readUInt32BE(at + 8),
    positionBytes: bytes.readUInt32BE(at + 12),
    number: Number(bytes.readBigUInt64BE(at + 16)),
    run: bytes.toString('hex', at + 24, at + 32),
    firstSeq: Number(bytes.readBigUInt64BE(at + 32)),
    count: bytes.readUInt32BE(at + 40),
    own: (bytes.readUInt32BE(at + 44) & OWN) !== 0,
    writtenAtMs: Number(bytes.readBigUInt64BE(at + 48)),
    bodyCrc: bytes.readUInt32BE(at + 56),
  };
}

/**
 * The rest of the entry whose head was found at `at`, or undefined when its CRC does not fit.
 * All `head.bytes` must be there. `frames` shares memory with `bytes`.
 */
export function decodeEntryBody(bytes: Buffer, at: number, head: EntryHead, seed: Seed): StoredEntry | undefined {
  const body = bytes.subarray(at + ENTRY_HEAD_BYTES, at + head.bytes);
  if (crc32(body, seed) !== head.bodyCrc) return undefined;
  const moved: { from?: ByteOffset; to?: Position } =
    head.positionBytes === 0 ? {} : JSON.parse(body.toString('utf8', 0, head.positionBytes));
  return {
    number: head.number,
    from: moved.from,
    to: moved.to,
    first: { run: head.run, seq: head.firstSeq },
    count: head.count,
    frames: body.subarray(head.positionBytes),
    writtenAtMs: head.writtenAtMs,
    bytes: head.bytes,
  };
}
