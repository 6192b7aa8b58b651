/**
 * Where a stretch of text is cut into a chunk: after its last LF, or, when one
 * line is longer than the limit, inside it between two characters. Pure; makes
 * no object a line, because at 500 MB/s there would be millions.
 */
import type { ChunkEnding } from '../../model/line.js';
import type { ByteOffset, InsideLine } from '../../model/position.js';

const LF = 0x0a;
const CR = 0x0d;

export type Cut = { readonly end: number; readonly ending: 'newline' | 'part' };

/**
 * `text` begins at the first unread byte. `undefined`: it holds no line end
 * and fewer than `maxLineBytes` bytes, so that more must be waited for.
 */
export function cutLines(text: Buffer, maxLineBytes: number): Cut | undefined {
  const newline = text.lastIndexOf(LF);
  if (newline !== -1) return { end: newline + 1, ending: 'newline' };
  // One CR before a LF still to come does not make a line too long.
  if (text.length < maxLineBytes + 2) return undefined;
  return { end: partEnd(text, maxLineBytes), ending: 'part' };
}

/** Not inside a UTF-8 sequence, and not between CR and LF; bytes that are not UTF-8 are cut at the limit. */
function partEnd(text: Buffer, limit: number): number {
  let end = limit;
  for (let back = 0; back < 3 && end > 1 && isContinuation(text[end]); back++) end--;
  if (isContinuation(text[end])) end = limit;
  return end > 1 && text[end - 1] === CR ? end - 1 : end;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** Where the position stands inside a line after a chunk that began at `start`. */
export function insideLineAfter(
  before: InsideLine | undefined,
  bytes: Buffer,
  start: ByteOffset,
  ending: ChunkEnding,
): InsideLine | undefined {
  switch (ending) {
    case 'newline':
      return bytes.length === 0 ? before : undefined;
    case 'final':
      return undefined;
    case 'part':
    case 'waiting':
      return before === undefined ? { start, parts: 1 } : { start: before.start, parts: before.parts + 1 };
    default:
      return ending satisfies never;
  }
}
