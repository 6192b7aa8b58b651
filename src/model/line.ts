/**
 * Lines as they come from a source: one read of one tail, with the positions
 * before and after it. A chunk is the unit of work from here to the journal.
 */
import type { Position } from './position.js';

/**
 * How the last piece of a chunk ends:
 * - `newline`: every line in it is whole (or the chunk is empty and only moves the position)
 * - `part`: the last line is longer than maxLineBytes and goes on in the next chunk
 * - `waiting`: the last line had no newline for partialLineTimeout; what follows later continues it
 * - `final`: the last line has no newline and the file can grow no more
 */
export type ChunkEnding = 'newline' | 'part' | 'waiting' | 'final';

export interface Chunk {
  readonly from: Position;
  readonly to: Position;
  /** The file's bytes from `from.offset` to `to.offset`, unless they are a hole. A file's byte order mark and newlines are still in them. */
  readonly bytes: Buffer;
  readonly ending: ChunkEnding;
  /** So many NUL bytes were skipped instead, which are no text: `bytes` is empty. */
  readonly hole?: number;
  /** Wall clock at the read, milliseconds since 1970. */
  readonly readAtMs: number;
}
