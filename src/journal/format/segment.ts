/**
 * The head of a segment, with which the file begins; entries follow it without
 * a gap (entry.ts). Numbers are big-endian.
 *
 *    0   4  "OAFJ"
 *    4   2  version of the format, 1
 *    6   2  zero
 *    8   4  length of the JSON
 *   12   4  CRC-32 of bytes 0-11 and of the JSON
 *   16   n  JSON: everything below that an entry does not say itself
 *
 * These 16 bytes and their CRC stay so in every version, so that a version that
 * is too new is told from a damaged one. With its head a segment is enough to
 * start from: what lies in the segments before it is not needed.
 */
import { crc32 } from 'node:zlib';
import type { MessageName } from '../../model/entry.js';
import type { Position } from '../../model/position.js';

const FORMAT_VERSION = 1;
const SEGMENT_PREFIX_BYTES = 16;

const MAGIC = Buffer.from('OAFJ', 'latin1');

export interface SegmentHead {
  /** The journal's id: 16 random bytes in hex. */
  readonly journal: string;
  /** The number of the first entry; the file is named by it, too. */
  readonly first: number;
  /** The segment before, and how many of its bytes count: what a failed sync left behind them is not believed. */
  readonly previous?: { readonly first: number; readonly end: number };
  /** The last message in the segments before. */
  readonly last?: MessageName;
  /** Set in the first segment of a run: `last` is then what was found intact, not what was written. */
  readonly opensRun?: true;
  /** How many messages were ever put into this journal before this segment. */
  readonly messages: number;
  readonly createdAtMs: number;
  /** Where every tail stands before the first entry. */
  readonly positions: readonly Position[];
}

export type DecodedHead =
  | { readonly kind: 'head'; readonly head: SegmentHead; readonly bytes: number }
  /** The head is this long; more bytes are needed to tell. */
  | { readonly kind: 'short'; readonly bytes: number }
  | { readonly kind: 'newer'; readonly version: number }
  | { readonly kind: 'illegible' };

export function encodeSegmentHead(head: SegmentHead): Buffer {
  const json = Buffer.from(JSON.stringify(head));
  const prefix = Buffer.alloc(SEGMENT_PREFIX_BYTES);
  MAGIC.copy(prefix);
  prefix.writeUInt16BE(FORMAT_VERSION, 4);
  prefix.writeUInt32BE(json.length, 8);
  prefix.writeUInt32BE(crc32(json, crc32(prefix.subarray(0, 12))), 12);
  return Buffer.concat([prefix, json]);
}

/** Total: any bytes give an answer. `short` is also given when the file itself is shorter; the caller knows its size. */
export function decodeSegmentHead(bytes: Buffer): DecodedHead {
  if (bytes.length < SEGMENT_PREFIX_BYTES) return { kind: 'short', bytes: SEGMENT_PREFIX_BYTES };
  if (MAGIC.compare(bytes, 0, 4) !== 0) return { kind: 'illegible' };
  const end = SEGMENT_PREFIX_BYTES + bytes.readUInt32BE(8);
  if (bytes.length < end) return { kind: 'short', bytes: end };
  const json = bytes.subarray(SEGMENT_PREFIX_BYTES, end);
  if (crc32(json, crc32(bytes.subarray(0, 12))) !== bytes.readUInt32BE(12)) return { kind: 'illegible' };
  const version = bytes.readUInt16BE(4);
  if (version > FORMAT_VERSION) return { kind: 'newer', version };
  const head: SegmentHead = JSON.parse(json.toString());
  return { kind: 'head', head, bytes: end };
}
