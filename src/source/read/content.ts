/**
 * The text of a gzip file (RFC 1952, any number of members), read forward as a
 * stream and never held whole. Reading behind what is retained starts over. A
 * file that ends early gives the text there is, and is not `complete`.
 */
import type { Stats } from 'node:fs';
import { constants, type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip, type Gunzip, constants as zlib } from 'node:zlib';
import { reasonOf, systemCode } from '../../lib/errors.js';
import { compressionOf } from '../find/rotated-name.js';

/** The text of one open file: bytes by offset in the uncompressed text, plain and compressed files alike. */
export interface Content {
  readonly compressed: boolean;
  /** The bytes from `offset` in a Buffer of their own, fewer than `length` only at the end of the text. */
  read(offset: number, length: number): Promise<Buffer>;
  /** Of the file as it lies on disk. */
  stat(): Promise<Stats>;
  /** Why the text ends before its end, met so far. */
  readonly damage: string | undefined;
  /** Whether all of the text can be read: false while a compressed file is still being written. */
  complete(): Promise<boolean>;
  close(): Promise<void>;
}

const PIECE_BYTES = 64 * 1024;
const HEAD_BYTES = 4096;

interface Unpacking {
  readonly file: Readable;
  readonly gunzip: Gunzip;
  readonly pieces: AsyncIterator<Buffer>;
}

class GzipContent implements Content {
  readonly compressed = true;
  damage: string | undefined;
  #unpacking: Unpacking | undefined;
  #head: Buffer = Buffer.alloc(0);
  #kept: Buffer[] = [];
  #keptFrom = 0;
  #reached = 0;
  #ended = false;

  constructor(
    readonly handle: FileHandle,
    readonly retainBytes: number,
  ) {}

  async read(offset: number, length: number): Promise<Buffer> {
    if (offset + length <= this.#head.length) return Buffer.from(this.#head.subarray(offset, offset + length));
    if ((this.#unpacking === undefined && !this.#ended) || offset < this.#keptFrom) await this.#startOver();
    while (!this.#ended && this.#reached < offset + length) await this.#pull(offset);
    return this.#copy(offset, length);
  }

  stat(): Promise<Stats> {
    return this.handle.stat();
  }

  /** The last four bytes say how long the text of the last member is, modulo 2^32 (RFC 1952 section 2.3.1). */
  async complete(): Promise<boolean> {
    if (!this.#ended || this.damage !== undefined) return false;
    const { size } = await this.handle.stat();
    if (size < 18) return false;
    const { buffer, bytesRead } = await this.handle.read(Buffer.alloc(4), 0, 4, size - 4);
    return bytesRead === 4 && buffer.readUInt32LE() === this.#reached % 2 ** 32;
  }

  async close(): Promise<void> {
    this.#stop();
    await this.handle.close();
  }

  async #startOver(): Promise<void> {
    this.#stop();
    this.#kept = [];
    this.#keptFrom = 0;
    this.#reached = 0;
    this.#ended = false;
    // Not a ReadStream: that closes the handle when it is destroyed, and reading back starts over.
    const file = Readable.from(piecesOf(this.handle));
    // With Z_SYNC_FLUSH an early end is an end, not an error that takes the last text with it.
    const gunzip = createGunzip({ finishFlush: zlib.Z_SYNC_FLUSH, chunkSize: PIECE_BYTES });
    file.on('error', (error) => gunzip.destroy(error));
    file.pipe(gunzip);
    this.#unpacking = { file, gunzip, pieces: gunzip[Symbol.asyncIterator]() };
  }

  async #pull(wanted: number): Promise<void> {
    let next: IteratorResult<Buffer>;
    try {
      next = await this.#unpacking!.pieces.next();
    } catch (cause) {
      this.#stop();
      if (!systemCode(cause).startsWith('Z_')) throw cause;
      this.damage = reasonOf(cause);
      this.#ended = true;
      return;
    }
    if (next.done) {
      this.#ended = true;
      return;
    }
    if (this.#head.length < HEAD_BYTES && this.#reached === this.#head.length) {
      this.#head = Buffer.concat([this.#head, next.value]).subarray(0, HEAD_BYTES);
    }
    this.#kept.push(next.value);
    this.#reached += next.value.length;
    const needed = Math.min(wanted, this.#reached - this.retainBytes);
    while (this.#kept.length > 0 && this.#keptFrom + this.#kept[0]!.length <= needed) {
      this.#keptFrom += this.#kept.shift()!.length;
    }
  }

  #copy(offset: number, length: number): Buffer {
    const pieces: Buffer[] = [];
    let at = this.#keptFrom;
    for (const piece of this.#kept) {
      const part = piece.subarray(Math.max(0, offset - at), Math.max(0, offset + length - at));
      if (part.length > 0) pieces.push(part);
      at += piece.length;
    }
    return Buffer.concat(pieces);
  }

  #stop(): void {
    this.#unpacking?.file.unpipe();
    this.#unpacking?.file.destroy();
    this.#unpacking?.gunzip.destroy();
    this.#unpacking = undefined;
  }
}

async function* piecesOf(handle: FileHandle): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/*
 * The text of one open file, plain or gzip alike: bytes by offset in the
 * uncompressed text. Holds a descriptor, so that it stays readable when the
 * file is renamed or deleted.
 */

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
