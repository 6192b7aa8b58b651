/**
 * Reads what a collector stored as a stream: one message per line, or RFC 5425 frames,
 * gzipped or not. The first bytes tell which: a frame begins with its length, a message
 * with `<`.
 */
import type { ReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { systemCode } from '../lib/errors.js';
import { LineSplitter } from './line-splitter.js';

/** Takes octet-counted frames apart (RFC 5425 section 4.3). */
export interface Unframer {
  /** The messages that these octets complete. */
  feed(bytes: Buffer): Buffer[];
  /** Set once the stream is broken. */
  readonly fault: { readonly reason: string; readonly offset: number } | undefined;
  /** Octets of a frame that has begun and not ended. */
  readonly pending: number;
}

export interface StoredMessage {
  /** `undefined`: longer than any message may be. */
  readonly bytes: Buffer | undefined;
  /** Of its first octet, or its frame's, in the uncompressed file. */
  readonly offset: number;
  /** The file ends with it, without LF: perhaps it is still being written. */
  readonly unfinished: boolean;
}

export interface StoreOptions {
  readonly unframe: (maxMessageBytes: number) => Unframer;
  /** How many octets of the file have been read from the disk. */
  readonly onRead: (bytes: number) => void;
  /** The rest of the file cannot be read: what is wrong, and where. */
  readonly onBroken: (reason: string, offset: number) => void;
}

/** No message is sent that is longer than a line may be (`maxLineBytes`, 1 MiB by default), with room to spare. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const READ_BYTES = 256 * 1024;
const FRAME_START = /^[1-9]\d*(?: |$)/;
/** A MSG-LEN has eight digits at most here; then comes its space. */
const TELLING_BYTES = 9;

/** The messages of one file, a batch for each read. Rejects with the file system's error. */
export async function* readStore(
  path: string,
  options: StoreOptions,
): AsyncGenerator<StoredMessage[], void, undefined> {
  const { raw, text } = await opened(path);
  let form: Form | undefined;
  let head: Buffer = Buffer.alloc(0);
  let length = 0;
  try {
    for await (const chunk of text as AsyncIterable<Buffer>) {
      length += chunk.length;
      options.onRead(raw.bytesRead);
      head = form === undefined ? Buffer.concat([head, chunk]) : chunk;
      if (head.length < TELLING_BYTES && form === undefined) continue;
      form ??= formOf(head, options);
      yield form.feed(head);
    }
  } catch (error) {
    if (!systemCode(error).startsWith('Z_')) throw error;
    options.onBroken('bad-gzip', length);
  } finally {
    text.destroy();
    raw.destroy();
  }
  const short = form === undefined ? head : Buffer.alloc(0);
  form ??= formOf(short, options);
  yield [...form.feed(short), ...form.end()];
}

interface Form {
  feed(bytes: Buffer): StoredMessage[];
  end(): StoredMessage[];
}

function formOf(head: Buffer, options: StoreOptions): Form {
  const framed = FRAME_START.test(head.toString('latin1', 0, TELLING_BYTES));
  return framed ? new FrameForm(options) : new LineForm();
}

class LineForm implements Form {
  readonly #splitter = new LineSplitter(MAX_MESSAGE_BYTES);

  feed(bytes: Buffer): StoredMessage[] {
    const lines = this.#splitter.feed(bytes);
    return lines.filter((line) => line.bytes?.length !== 0).map((line) => ({ ...line, unfinished: false }));
  }

  end(): StoredMessage[] {
    return this.#splitter.end().map((line) => ({ ...line, unfinished: true }));
  }
}

class FrameForm implements Form {
  readonly #unframer: Unframer;
  readonly #onBroken: StoreOptions['onBroken'];
  #offset = 0;
  #told = false;

  constructor({ unframe, onBroken }: StoreOptions) {
    this.#unframer = unframe(MAX_MESSAGE_BYTES);
    this.#onBroken = onBroken;
  }

  feed(bytes: Buffer): StoredMessage[] {
    const messages = this.#unframer.feed(bytes).map((message) => {
      const stored = { bytes: message, offset: this.#offset, unfinished: false };
      this.#offset += String(message.length).length + 1 + message.length;
      return stored;
    });
    const { fault } = this.#unframer;
    if (fault !== undefined && !this.#told) {
      this.#told = true;
      this.#onBroken(fault.reason, fault.offset);
    }
    return messages;
  }

  end(): StoredMessage[] {
    if (this.#unframer.pending > 0 && !this.#told) this.#onBroken('cut-off', this.#offset);
    return [];
  }
}

/** gzip is undone on the way; its first two octets tell (RFC 1952 section 2.3.1). */
async function opened(path: string): Promise<{ readonly raw: ReadStream; readonly text: Readable }> {
  const file = await open(path);
  const magic = await magicOf(file).catch(async (error: unknown) => {
    await file.close();
    throw error;
  });
  const raw = file.createReadStream({ highWaterMark: READ_BYTES, start: 0 });
  const text = magic.equals(GZIP) ? pipeline(raw, createGunzip(), () => undefined) : raw;
  return { raw, text };
}

async function magicOf(file: FileHandle): Promise<Buffer> {
  return (await file.read(Buffer.alloc(2), 0, 2, 0)).buffer;
}

const GZIP = Buffer.from([0x1f, 0x8b]);
