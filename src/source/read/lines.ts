/**
 * Cuts a piece of text into chunks: after its last LF, or, when one line is
 * longer than the limit, inside it between two characters. A hole is a chunk
 * of its own: a writer that opened its log without O_APPEND goes on at its old
 * offset after the log has been truncated, and what lies before it reads as NUL
 * bytes. Pure; makes no object a line, because at 500 MB/s there would be millions.
 */
import type { ChunkEnding } from '../../model/line.js';
import type { ByteOffset, InsideLine } from '../../model/position.js';

const LF = 0x0a;
const CR = 0x0d;

/**
 * So many NUL bytes at the start of a line are a hole. Fewer, or those inside a line, are bytes of the line: nothing
 * that a program might have written is left out.
 */
export const HOLE_BYTES = 4096;
const ZEROS = Buffer.alloc(HOLE_BYTES);

/** `hole`: all bytes up to `end` are NUL, and more may follow. */
export type Cut = { readonly end: number; readonly ending: 'newline' | 'part' | 'hole' };

/**
 * `text` begins at the first unread byte; `insideLine`: not at the start of a line. `undefined`: it holds no line end
 * and fewer than `maxLineBytes` bytes, so that more must be waited for.
 */
export function cutLines(text: Buffer, maxLineBytes: number, insideLine: boolean): Cut | undefined {
  const hole = findHole(text, insideLine);
  if (hole === 0) return { end: leadingNuls(text), ending: 'hole' };
  if (hole !== undefined) return { end: hole, ending: 'newline' };
  const newline = text.lastIndexOf(LF);
  if (newline !== -1) return { end: newline + 1, ending: 'newline' };
  // One CR before a LF still to come does not make a line too long.
  if (text.length < maxLineBytes + 2) return undefined;
  return { end: partEnd(text, maxLineBytes), ending: 'part' };
}

/** Where the first hole begins. Looks at one byte in 4096: a hole covers one of those, whatever lies around it. */
function findHole(text: Buffer, insideLine: boolean): number | undefined {
  for (let at = 0; at < text.length; at += HOLE_BYTES) {
    if (text[at] !== 0) continue;
    let start = at;
    while (start > 0 && text[start - 1] === 0) start--;
    const startsLine = start === 0 ? !insideLine : text[start - 1] === LF;
    const long = leadingNuls(text.subarray(start, start + HOLE_BYTES)) === HOLE_BYTES;
    if (startsLine && long) return start;
  }
  return undefined;
}

/** How many NUL bytes the text begins with. */
export function leadingNuls(text: Buffer): number {
  let end = 0;
  while (end + HOLE_BYTES <= text.length && text.compare(ZEROS, 0, HOLE_BYTES, end, end + HOLE_BYTES) === 0)
    end += HOLE_BYTES;
  while (end < text.length && text[end] === 0) end++;
  return end;
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
