/**
 * Writes and reads octet-counted frames, RFC 5425 section 4.3:
 *
 *     SYSLOG-FRAME = MSG-LEN SP SYSLOG-MSG
 *     MSG-LEN      = NONZERO-DIGIT *DIGIT      the octets of SYSLOG-MSG
 *
 * No trailer, any number of frames in a TLS record, any number of records to a
 * frame. Pure; knows nothing of sockets.
 */
import { AgentError } from '../lib/errors.js';

/** One message in its frame. */
export function encodeFrame(message: Uint8Array): Buffer {
  if (message.length === 0)
    throw new RangeError('a frame holds at least one octet: MSG-LEN begins with a nonzero digit');
  return Buffer.concat([Buffer.from(`${message.length} `, 'latin1'), message]);
}

/** Octets of the frame around a message of `messageBytes` octets. */
export function frameLength(messageBytes: number): number {
  return String(messageBytes).length + 1 + messageBytes;
}

/** Offsets in the buffer: MSG-LEN begins at `start`, the message at `message`, the next frame at `end`. */
export interface FrameSpan {
  readonly start: number;
  readonly message: number;
  readonly end: number;
}

/**
 * The complete frames of a buffer that begins with a frame, for example an
 * entry's; an unfinished frame at its end is left out. Throws `bad-frame` at
 * anything that is not a frame: what we framed ourselves is damaged then.
 */
export function* frames(buffer: Buffer): Generator<FrameSpan, void, undefined> {
  let start = 0;
  while (start < buffer.length) {
    const space = buffer.indexOf(SPACE, start);
    const digits = buffer.toString('latin1', start, space === -1 ? buffer.length : space);
    if (space === -1 && MSG_LEN.test(digits)) return;
    if (!MSG_LEN.test(digits)) throw new AgentError('bad-frame', `no MSG-LEN at byte ${start} of ${buffer.length}`);
    const message = space + 1;
    const end = message + Number(digits);
    if (end > buffer.length) return;
    yield { start, message, end };
    start = end;
  }
}

export interface UnframerOptions {
  /** A frame that announces more is a fault; nothing is kept for it. */
  readonly maxMessageBytes: number;
}

/** Why a stream cannot be read further: after a bad MSG-LEN nobody knows where the next frame begins. */
export interface FrameFault {
  readonly reason: 'bad-msg-len' | 'too-long';
  /** Of the frame's first octet in the stream. */
  readonly offset: number;
}

/** Takes a stream as it comes and gives its messages. After each `feed` look at `fault`. */
export class Unframer {
  readonly #maxMessageBytes: number;
  #fault: FrameFault | undefined;
  /** Stream offset at which the frame being read began. */
  #frameOffset = 0;
  /** MSG-LEN so far; complete once `#length` is known. */
  #digits = '';
  #length: number | undefined;
  /** The message so far: `#held` octets at the start of `#store`, which grows with what has come, not with what was announced. */
  #store = Buffer.alloc(0);
  #held = 0;

  constructor(options: UnframerOptions) {
    this.#maxMessageBytes = options.maxMessageBytes;
  }

  /** Set once the stream is broken; `feed` then gives nothing more. */
  get fault(): FrameFault | undefined {
    return this.#fault;
  }

  /** Stream offset of the first octet that no message given out so far covers. */
  get frameOffset(): number {
    return this.#frameOffset;
  }

  /** Octets of an unfinished frame: more than 0 at the end of the stream means that it was cut off. */
  get pending(): number {
    return this.#length === undefined ? this.#digits.length : this.#digits.length + 1 + this.#held;
  }

  /** The messages that these octets complete. A message may share memory with `bytes`. */
  feed(bytes: Buffer): Buffer[] {
    const messages: Buffer[] = [];
    let at = 0;
    while (at < bytes.length && this.#fault === undefined) {
      if (this.#length === undefined) {
        at = this.#readLength(bytes, at);
        continue;
      }
      const end = Math.min(bytes.length, at + this.#length - this.#held);
      const message = this.#take(bytes.subarray(at, end), this.#length);
      if (message !== undefined) messages.push(message);
      at = end;
    }
    return messages;
  }

  #readLength(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length) {
      const octet = bytes[at++]!;
      if (octet === SPACE && this.#digits !== '') {
        this.#length = Number(this.#digits);
        break;
      }
      const digit = octet >= ZERO && octet <= NINE && !(octet === ZERO && this.#digits === '');
      if (!digit) return this.#break('bad-msg-len', at);
      this.#digits += String.fromCharCode(octet);
      if (Number(this.#digits) > this.#maxMessageBytes) return this.#break('too-long', at);
    }
    return at;
  }

  #break(reason: FrameFault['reason'], at: number): number {
    this.#fault = { reason, offset: this.#frameOffset };
    return at;
  }

  /** The whole message once its last octet is there. */
  #take(piece: Buffer, length: number): Buffer | undefined {
    const whole = this.#held === 0 && piece.length === length ? piece : this.#hold(piece, length);
    if (whole === undefined) return undefined;
    this.#frameOffset += frameLength(length);
    this.#digits = '';
    this.#length = undefined;
    this.#store = Buffer.alloc(0);
    this.#held = 0;
    return whole;
  }

  #hold(piece: Buffer, length: number): Buffer | undefined {
    const needed = this.#held + piece.length;
    if (needed > this.#store.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(length, Math.max(needed, 2 * this.#store.length)));
      this.#store.copy(grown, 0, 0, this.#held);
      this.#store = grown;
    }
    piece.copy(this.#store, this.#held);
    this.#held = needed;
    return needed === length ? this.#store : undefined;
  }
}

const MSG_LEN = /^[1-9]\d*$/;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
