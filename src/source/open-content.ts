/**
 * The text of one open file, plain or gzip alike: bytes by offset in the
 * uncompressed text. Holds a descriptor, so that it stays readable when the
 * file is renamed or deleted.
 */
import type { Stats } from 'node:fs';
import { constants, type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Content } from './content.js';
import { compressionOf } from './find/rotated-name.js';
import { GzipContent } from './gunzip.js';

/** `retainBytes`: how far back a compressed text can be read again without starting over. Rejects with the system's error. */
export async function openContent(path: string, retainBytes: number): Promise<Content> {
  // A FIFO that has taken the place of a log meanwhile would be waited for, until somebody writes to it.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return compressionOf(basename(path)) === 'gzip' ? new GzipContent(handle, retainBytes) : new PlainContent(handle);
}

class PlainContent implements Content {
  readonly compressed = false;
  readonly damage = undefined;

  constructor(readonly handle: FileHandle) {}

  async read(offset: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    // One call, not a loop: between two the file can be truncated and written
    // anew, and the pieces would not belong together. Short means the end.
    const { bytesRead } = await this.handle.read(buffer, 0, length, offset);
    return buffer.subarray(0, bytesRead);
  }

  stat(): Promise<Stats> {
    return this.handle.stat();
  }

  complete(): Promise<boolean> {
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}
