/** All of a segment that counts, in one buffer: for what happens seldom (a start, damage), never on the way of the messages. */
import { systemCode } from '../lib/errors.js';
import type { Files, OpenFile } from './files.js';
import type { Segment } from './segments.js';

const CHUNK_BYTES = 1024 * 1024;
/** What a disk loses at once when a sector goes bad under a file system's block. */
const BLOCK_BYTES = 4096;
/** Not zero: a stretch of zeros at the end is taken for a write that a crash cut short. */
const UNREADABLE = 0xff;

/** Blocks that the disk cannot read come back filled with a byte that no entry begins with, a file that is gone as none. */
export async function readSegment({ path, end }: Pick<Segment, 'path' | 'end'>, files: Files): Promise<Buffer> {
  const bytes = Buffer.alloc(end);
  let file: OpenFile;
  try {
    file = await files.open(path, 'read');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
  try {
    const length = Math.min(end, (await file.stat()).bytes);
    for (let at = 0; at < length; at += CHUNK_BYTES) {
      await readBlocks(file, bytes.subarray(at, Math.min(at + CHUNK_BYTES, length)), at);
    }
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}

async function readBlocks(file: OpenFile, into: Buffer, at: number): Promise<void> {
  try {
    await file.read(into, at);
  } catch (error) {
    if (systemCode(error) !== 'EIO') throw error;
    if (into.length <= BLOCK_BYTES) into.fill(UNREADABLE);
    else
      for (let from = 0; from < into.length; from += BLOCK_BYTES) {
        await readBlocks(file, into.subarray(from, Math.min(from + BLOCK_BYTES, into.length)), at + from);
      }
  }
}
