/**
 * Computes the SHA-256 of RFC 5425 frames from messages as a store holds them.
 *
 * rsyslog, unless told otherwise, stores a control character as `#` and three octal
 * digits (`#012` is LF). So as soon as a message looks like that, two digests are kept:
 * of what is stored, and of what it stands for. A line that held the four characters
 * `#012` itself cannot be told from one that held LF.
 */
import { createHash, type Hash } from 'node:crypto';

const HASH = 0x23;
const ESCAPED = /#(0[0-3][0-7]|177)/g;

/** The message as it was before its store rewrote control characters; itself when nothing in it looks rewritten. */
export function restored(message: Buffer): Buffer {
  if (!message.includes(HASH)) return message;
  const octets = message.toString('latin1');
  const back = octets.replaceAll(ESCAPED, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
  return back.length === octets.length ? message : Buffer.from(back, 'latin1');
}

/** Finds whether a message holds a `#`, where messages of one buffer are asked for in their order. */
export class HashSigns {
  #next = -1;

  /** The buffer has other content now. */
  reset(): void {
    this.#next = -1;
  }

  within(bytes: Buffer, start: number, end: number): boolean {
    if (this.#next < start) {
      const found = bytes.indexOf(HASH, start);
      this.#next = found === -1 ? Number.POSITIVE_INFINITY : found;
    }
    return this.#next < end;
  }
}

/** A call into OpenSSL costs as much as some hundred octets: so frames are gathered, for one digest at a time. */
const scratch: { readonly bytes: Buffer; length: number; owner: Hash | undefined } = {
  bytes: Buffer.allocUnsafeSlow(64 * 1024),
  length: 0,
  owner: undefined,
};
const MSG_LEN_MAX = 12;

function flush(): void {
  if (scratch.length > 0) scratch.owner?.update(scratch.bytes.subarray(0, scratch.length));
  scratch.length = 0;
  scratch.owner = undefined;
}

export class FrameHash {
  readonly #asStored: Hash = createHash('sha256');
  #restored: Hash | undefined;

  /** `prefix`: octets in front of the first frame. */
  constructor(prefix?: Buffer) {
    if (prefix !== undefined) this.#asStored.update(prefix);
  }

  /** `hashSign`: the message holds a `#`. */
  add(bytes: Buffer, start: number, end: number, hashSign: boolean): void {
    if (!hashSign && this.#restored === undefined) {
      this.#gather(bytes, start, end);
      return;
    }
    flush();
    const message = bytes.subarray(start, end);
    const original = hashSign ? restored(message) : message;
    if (original !== message) this.#restored ??= this.#asStored.copy();
    frameInto(this.#asStored, message);
    if (this.#restored !== undefined) frameInto(this.#restored, original);
  }

  /** Asked once, when all is added. */
  matches(digest: Buffer): boolean {
    flush();
    return this.#asStored.digest().equals(digest) || this.#restored?.digest().equals(digest) === true;
  }

  #gather(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (scratch.owner !== this.#asStored || scratch.length + length + MSG_LEN_MAX > scratch.bytes.length) flush();
    if (length + MSG_LEN_MAX > scratch.bytes.length) {
      frameInto(this.#asStored, bytes.subarray(start, end));
      return;
    }
    scratch.owner = this.#asStored;
    let at = scratch.length;
    let unit = 1;
    while (unit * 10 <= length) unit *= 10;
    for (let rest = length; unit >= 1; unit = Math.floor(unit / 10)) {
      const digit = Math.floor(rest / unit);
      scratch.bytes[at++] = ZERO + digit;
      rest -= digit * unit;
    }
    scratch.bytes[at++] = SPACE;
    bytes.copy(scratch.bytes, at, start, end);
    scratch.length = at + length;
  }
}

function frameInto(hash: Hash, message: Buffer): void {
  hash.update(`${message.length} `);
  hash.update(message);
}

const SPACE = 0x20;
const ZERO = 0x30;
