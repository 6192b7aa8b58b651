/**
 * Reads what a collector stored: one message per line, or RFC 5425 frames, gzipped or
 * not. The first bytes tell which: a frame begins with its length, a message with `<`.
 * It walks over one buffer that is filled again and again, and hands out where each
 * message stands in it: no object and no copy for a message.
 */
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { systemCode } from '../lib/errors.js';
import type { Files, OpenFile } from '../lib/files.js';

export interface StoreVisitor {
  /**
   * The message is `bytes` from `start` to `end`, until this returns. It stands at `at` in the uncompressed file;
   * its line or frame begins at `offset`.
   */
  message(bytes: Buffer, start: number, end: number, at: number, offset: number): void;
  /** A line that is longer than any message may be begins here. */
  tooLong(offset: number): void;
  /** The file ends inside a line (`no-end`) or a frame (`cut-off`): perhaps it is being written. */
  unfinished(reason: string, offset: number): void;
  /** The rest of the file cannot be read: what is wrong, and where. */
  broken(reason: string, offset: number): void;
  /** So many octets of the file have been read from the disk. A rejection ends the reading. */
  read(bytes: number): void;
}

/** No message is sent that is longer than a line may be (`maxLineBytes`, 1 MiB by default), with room to spare. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const BUFFER_BYTES = 1024 * 1024;
const READ_BYTES = 256 * 1024;
const FRAME_START = /^[1-9]\d*(?: |$)/;
/** A MSG-LEN has eight digits at most here; then comes its space. */
const TELLING_BYTES = 9;

/** Resolves with true for a compressed file, in which nothing can be found by its offset. Rejects with the file system's error. */
export async function scanStore(path: string, files: Files, visitor: StoreVisitor): Promise<boolean> {
  const file = await files.open(path, 'read');
  try {
    const magic = Buffer.alloc(2);
    await file.read(magic, 0);
    const compressed = magic.equals(GZIP);
    if (compressed) await scanPacked(file, visitor);
    else await scan(new Plain(file), visitor);
    return compressed;
  } finally {
    await file.close();
  }
}

/** RFC 1952 section 2.3.1. */
const GZIP = Buffer.from([0x1f, 0x8b]);

async function scanPacked(file: OpenFile, visitor: StoreVisitor): Promise<void> {
  const octets = new Gunzipped(file);
  try {
    await scan(octets, visitor);
  } finally {
    octets.close();
  }
}

interface Octets {
  /** Fills `into`; fewer only at the end. */
  fill(into: Buffer): Promise<number>;
  /** Read from the disk so far. */
  readonly read: number;
  /** It is the end because the rest is damaged. */
  readonly damaged: boolean;
}

async function scan(octets: Octets, visitor: StoreVisitor): Promise<void> {
  let buffer: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  let form: Lines | Frames | undefined;
  let base = 0;
  let held = 0;
  for (let ended = false; !ended; ) {
    if (held === buffer.length) buffer = grown(buffer);
    const room = buffer.subarray(held);
    const filled = await octets.fill(room);
    if (octets.damaged) visitor.broken('bad-gzip', base + held + filled);
    visitor.read(octets.read);
    ended = filled < room.length;
    const view = buffer.subarray(0, held + filled);
    form ??= FRAME_START.test(view.toString('latin1', 0, TELLING_BYTES)) ? new Frames(visitor) : new Lines(visitor);
    const done = form.feed(view, base);
    if (ended) form.end(base + done, view.length - done);
    buffer.copyWithin(0, done, view.length);
    held = view.length - done;
    base += done;
  }
}

function grown(buffer: Buffer): Buffer {
  const larger = Buffer.allocUnsafeSlow(2 * buffer.length);
  buffer.copy(larger);
  return larger;
}

class Lines {
  /** Where the line began that is longer than any message; its octets are not kept. */
  #skipped: number | undefined;

  constructor(private readonly visitor: StoreVisitor) {}

  /** How many octets of `view` are done with; `base` is the offset of its first. */
  feed(view: Buffer, base: number): number {
    let at = 0;
    for (let lf = view.indexOf(LF); lf !== -1; lf = view.indexOf(LF, at)) {
      if (this.#skipped !== undefined || lf - at > MAX_MESSAGE_BYTES) this.#endSkipped(base + at);
      else if (lf > at) this.visitor.message(view, at, lf, base + at, base + at);
      at = lf + 1;
    }
    if (this.#skipped === undefined && view.length - at > MAX_MESSAGE_BYTES) this.#skipped = base + at;
    return this.#skipped === undefined ? at : view.length;
  }

  end(offset: number, rest: number): void {
    if (this.#skipped !== undefined || rest > 0) this.visitor.unfinished('no-end', this.#skipped ?? offset);
  }

  #endSkipped(offset: number): void {
    this.visitor.tooLong(this.#skipped ?? offset);
    this.#skipped = undefined;
  }
}

class Frames {
  #broken = false;

  constructor(private readonly visitor: StoreVisitor) {}

  feed(view: Buffer, base: number): number {
    let at = 0;
    while (at < view.length && !this.#broken) {
      const start = this.#messageOf(view, at, base);
      const end = start + this.#length;
      if (start === 0 || end > view.length) break;
      this.visitor.message(view, start, end, base + start, base + at);
      at = end;
    }
    return this.#broken ? view.length : at;
  }

  end(offset: number, rest: number): void {
    if (rest > 0 && !this.#broken) this.visitor.unfinished('cut-off', offset);
  }

  #length = 0;

  /** Where the message of the frame at `at` begins; 0 while its MSG-LEN is not all there. */
  #messageOf(view: Buffer, at: number, base: number): number {
    this.#length = 0;
    for (let next = at; next < view.length; next++) {
      const octet = view[next]!;
      if (octet === SPACE && next > at) return next + 1;
      const digit = octet >= ZERO && octet <= NINE && !(octet === ZERO && next === at);
      this.#length = 10 * this.#length + octet - ZERO;
      if (digit && this.#length <= MAX_MESSAGE_BYTES) continue;
      this.#broken = true;
      this.visitor.broken(digit ? 'too-long' : 'bad-msg-len', base + at);
      return 0;
    }
    return 0;
  }
}

class Plain implements Octets {
  read = 0;
  readonly damaged = false;

  constructor(private readonly file: OpenFile) {}

  async fill(into: Buffer): Promise<number> {
    const filled = await this.file.read(into, this.read);
    this.read += filled;
    return filled;
  }
}

class Gunzipped implements Octets {
  read = 0;
  damaged = false;
  readonly #text = createGunzip();
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(private readonly file: OpenFile) {
    pipeline(Readable.from(this.#packed()), this.#text, () => undefined);
    this.#chunks = (this.#text as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  close(): void {
    this.#text.destroy();
  }

  async fill(into: Buffer): Promise<number> {
    let filled = 0;
    while (filled < into.length && (this.#chunk.length > 0 || (await this.#next()))) {
      const count = this.#chunk.copy(into, filled);
      this.#chunk = this.#chunk.subarray(count);
      filled += count;
    }
    return filled;
  }

  async #next(): Promise<boolean> {
    try {
      const { value, done } = await this.#chunks.next();
      if (done !== true) this.#chunk = value;
      return done !== true;
    } catch (error) {
      if (!systemCode(error).startsWith('Z_')) throw error;
      this.damaged = true;
      return false;
    }
  }

  async *#packed(): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = Buffer.allocUnsafeSlow(READ_BYTES);
      const filled = await this.file.read(chunk, this.read);
      this.read += filled;
      if (filled > 0) yield chunk.subarray(0, filled);
      if (filled < chunk.length) return;
    }
  }
}

const LF = 0x0a;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
