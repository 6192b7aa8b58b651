/**
 * Writes frames into one buffer, without an object a message: a header given as an
 * octet string (`lib/octets.ts`), a byte order mark if wanted, and a range of bytes
 * that is copied unchanged; or a message of a known length, which the caller writes
 * in place. The length prefix counts all of it (RFC 5425 section 4.3).
 */
import { BOM } from './rfc5424.js';

export class FrameWriter {
  #buffer: Buffer;
  #length = 0;
  #count = 0;

  /** Frames go into `buffer`, which the caller may use again later; one that does not hold them all is replaced by a larger one. */
  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  /** Frames written so far. */
  get count(): number {
    return this.#count;
  }

  /** Where a message goes that `open` has made room for. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  /** Appends one frame; MSG is `bytes` from `start` to `end`. */
  add(header: string, bom: boolean, bytes: Buffer, start: number, end: number): void {
    let at = this.open(header.length + (bom ? BOM.length : 0) + end - start);
    at += this.#buffer.write(header, at, 'latin1');
    if (bom) at += BOM.copy(this.#buffer, at);
    this.close(at + bytes.copy(this.#buffer, at, start, end));
  }

  /** Begins a frame for a message of so many octets, and gives the place in `buffer` where it is to be written; then call `close`. */
  open(octets: number): number {
    if (this.#length + PREFIX_MAX + octets > this.#buffer.length) this.#grow(PREFIX_MAX + octets);
    const at = writeDecimal(this.#buffer, this.#length, octets);
    this.#buffer[at] = SPACE;
    return at + 1;
  }

  /** The message that was opened is written, up to `end`. Until then there is nothing of it in `frames`. */
  close(end: number): void {
    this.#length = end;
    this.#count += 1;
  }

  /** What has been written. */
  get frames(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #grow(room: number): void {
    const grown = Buffer.allocUnsafeSlow(2 * this.#buffer.length + room);
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

/** Digits of the largest whole number, and the space. */
const PREFIX_MAX = 17;
const SPACE = 0x20;
const ZERO = 0x30;
/** Up to here a remainder is taken in whole numbers of 32 bits, which is several times faster. */
const SMALL = 0x7fff_ffff;

/** Writes a whole number from 0 on in decimal digits; gives the place behind them. */
export function writeDecimal(out: Uint8Array, at: number, number: number): number {
  let digits = 1;
  for (let power = 10; power <= number; power *= 10) digits += 1;
  let rest = number;
  let place = at + digits;
  while (rest > SMALL) {
    const tenth = Math.floor(rest / 10);
    out[--place] = ZERO + (rest - tenth * 10);
    rest = tenth;
  }
  let small = rest | 0;
  while (place > at) {
    const tenth = (small / 10) | 0;
    out[--place] = ZERO + (small - tenth * 10);
    small = tenth;
  }
  return at + digits;
}
