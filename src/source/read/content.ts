/**
 * Reads the text of one open log file, plain or gzip, by offsets in the
 * uncompressed text. It holds a descriptor, so the text stays readable when the
 * file is renamed or deleted.
 */
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip, type Gunzip, constants as zlib } from 'node:zlib';
import { reasonOf, systemCode } from '../../lib/errors.js';
import type { FileStats, Files, OpenFile } from '../../lib/files.js';
import { compressionOf } from '../find/rotated-name.js';
import { HOLE_BYTES, leadingNuls } from './lines.js';

export interface Content {
  readonly compressed: boolean;
  /** The bytes from `offset` in a Buffer of their own, fewer than `length` only at the end of the text. */
  read(offset: number, length: number): Promise<Buffer>;
  /** Of the file as it lies on disk. */
  stat(): Promise<FileStats>;
  /** Why a compressed text cannot be read to its end, as far as reading has found out. */
  readonly damage: string | undefined;
  /** Whether all of the text can be read: false while a compressed file is still being written. */
  complete(): Promise<boolean>;
  close(): Promise<void>;
}

/** `retainBytes`: how far back a compressed text can be read again without starting over. Rejects with the system's error. */
export async function openContent(path: string, retainBytes: number, files: Pick<Files, 'open'>): Promise<Content> {
  const file = await files.open(path, 'read');
  return compressionOf(basename(path)) === 'gzip' ? new GzipContent(file, retainBytes) : new PlainContent(file);
}

/** A log at its end gives a few lines a read: a buffer for all that could have come would be made and thrown away each time. */
let spare: Buffer | undefined;
const SPARED_BYTES = 64 * 1024;
const COPIED_BYTES = 32 * 1024;

class PlainContent implements Content {
  readonly compressed = false;
  readonly damage = undefined;

  constructor(private readonly file: OpenFile) {}

  async read(offset: number, length: number): Promise<Buffer> {
    const buffer = spare !== undefined && spare.length >= length ? spare : Buffer.allocUnsafe(length);
    spare = undefined;
    // One call, not a loop: between two the file can be truncated and written
    // anew, and the pieces would not belong together. Short means the end.
    const read = buffer.subarray(0, await this.file.readOnce(buffer.subarray(0, length), offset));
    if (length < SPARED_BYTES || read.length > COPIED_BYTES) return read;
    spare = buffer;
    return Buffer.from(read);
  }

  stat(): Promise<FileStats> {
    return this.file.stat();
  }

  complete(): Promise<boolean> {
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/** So much of a hole is read at once, and skipped in one go. */
const HOLE_STEP_BYTES = 1024 * 1024;
const MOST_SKIPPED_BYTES = 128 * 1024 * 1024;

export interface Hole {
  /** How much of it can be skipped. */
  readonly bytes: number;
  /** Nothing follows it yet. */
  readonly atEnd: boolean;
}

/** Measures a hole from `offset` on. When it is too long to be skipped in one go, what is left is still a hole. */
export async function measureHole(content: Content, offset: number): Promise<Hole> {
  for (let bytes = 0; ; ) {
    const piece = await content.read(offset + bytes, HOLE_STEP_BYTES);
    const nuls = leadingNuls(piece);
    bytes += nuls;
    if (nuls < piece.length) return { bytes, atEnd: false };
    if (piece.length < HOLE_STEP_BYTES) return { bytes, atEnd: true };
    if (bytes >= MOST_SKIPPED_BYTES) return { bytes: bytes - HOLE_BYTES, atEnd: false };
  }
}

/*
 * Gzip (RFC 1952, any number of members) is unpacked as a stream and never held
 * whole; reading back beyond what is retained starts over. A file that ends
 * early gives the text there is, and is not `complete`.
 */

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
    private readonly file: OpenFile,
    readonly retainBytes: number,
  ) {}

  async read(offset: number, length: number): Promise<Buffer> {
    if (offset + length <= this.#head.length) return Buffer.from(this.#head.subarray(offset, offset + length));
    if ((this.#unpacking === undefined && !this.#ended) || offset < this.#keptFrom) await this.#startOver();
    while (!this.#ended && this.#reached < offset + length) await this.#pull(offset);
    return this.#copy(offset, length);
  }

  stat(): Promise<FileStats> {
    return this.file.stat();
  }

  /** The last four bytes say how long the text of the last member is, modulo 2^32 (RFC 1952 section 2.3.1). */
  async complete(): Promise<boolean> {
    if (!this.#ended || this.damage !== undefined) return false;
    const { size } = await this.file.stat();
    if (size < 18) return false;
    const length = Buffer.alloc(4);
    return (await this.file.read(length, size - 4)) === 4 && length.readUInt32LE() === this.#reached % 2 ** 32;
  }

  async close(): Promise<void> {
    this.#stop();
    await this.file.close();
  }

  async #startOver(): Promise<void> {
    this.#stop();
    this.#kept = [];
    this.#keptFrom = 0;
    this.#reached = 0;
    this.#ended = false;
    // Not a ReadStream: that closes the handle when it is destroyed, and reading back starts over.
    const file = Readable.from(piecesOf(this.file));
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

async function* piecesOf(file: OpenFile): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    const length = await file.readOnce(piece, at);
    if (length === 0) return;
    at += length;
    yield piece.subarray(0, length);
  }
}
