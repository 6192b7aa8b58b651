/**
 * Reads a range of text once more that had been read before: the journal has lost
 * what was made of it. It is found where its tail is now, or where it was,
 * and taken only when the text there is the one that was read.
 */
import type { Files } from '../../lib/files.js';
import type { Chunk } from '../../model/line.js';
import type { ByteOffset, InsideLine, Position } from '../../model/position.js';
import { measureHole, openContent } from './content.js';
import { sameContent } from './fingerprint.js';
import { cutLines, insideLineAfter } from './lines.js';

export interface TextRange {
  readonly from: ByteOffset;
  /** `undefined`: to the end of the text. */
  readonly to: ByteOffset | undefined;
  /** Any known position of its tail: by this the text is recognised. */
  readonly position: Position;
}

export interface RereadOptions {
  /** Where the text may lie, the likeliest first. */
  readonly paths: readonly string[];
  readonly maxLineBytes: number;
  readonly files: Pick<Files, 'open'>;
  readonly nowMs: () => number;
}

const CHUNK_BYTES = 256 * 1024;

/** Chunks in order, of whole lines but for those that are too long. Nothing when the text is found nowhere. */
export async function* reread(
  range: TextRange,
  { paths, maxLineBytes, files, nowMs }: RereadOptions,
): AsyncGenerator<Chunk> {
  const { position } = range;
  for (const path of paths) {
    const content = await openContent(path, CHUNK_BYTES, files).catch(() => undefined);
    if (content === undefined) continue;
    try {
      if ((await sameContent(content, position.identity, position.offset)) === undefined) continue;
      const { insideLine: _inside, doubledHour: _hour, gone: _gone, ended: _ended, ...plain } = position;
      let inside: InsideLine | undefined;
      let at = range.from;
      const end = range.to ?? Number.POSITIVE_INFINITY;
      while (at < end) {
        const text = await content.read(at, Math.min(end - at, Math.max(CHUNK_BYTES, maxLineBytes + 2)));
        if (text.length === 0) return;
        const cut =
          cutLines(text, maxLineBytes, inside !== undefined) ?? ({ end: text.length, ending: 'final' } as const);
        if (cut.ending === 'hole') {
          at += (await measureHole(content, at)).bytes;
          continue;
        }
        const bytes = text.subarray(0, cut.end);
        const from = { ...plain, offset: at, ...(inside && { insideLine: inside }) };
        inside = insideLineAfter(inside, bytes, at, cut.ending);
        at += bytes.length;
        const to = { ...plain, offset: at, ...(inside && { insideLine: inside }) };
        yield { from, to, bytes, ending: cut.ending, readAtMs: nowMs() };
      }
      return;
    } catch {
      // Unreadable here; it may lie elsewhere too.
    } finally {
      await content.close();
    }
  }
}
