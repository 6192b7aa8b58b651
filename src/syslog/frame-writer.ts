/**
 * Writes frames into one growing buffer, without an object a message: a header given
 * as an octet string (`lib/octets.ts`), a byte order mark if wanted, and a range of
 * bytes that is copied unchanged. The length prefix counts all three (RFC 5425
 * section 4.3).
 */
import { BOM } from './rfc5424.js';

export class FrameWriter {
  #buffer: Buffer;
  #length = 0;
  #count = 0;

  /** `expectedBytes` is a guess that saves growing. */
  constructor(expectedBytes: number) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(expectedBytes, 256));
  }

  /** Frames written so far. */
  get count(): number {
    return this.#count;
  }

  /** Appends one frame; MSG is `bytes` from `start` to `end`. */
  add(header: string, bom: boolean, bytes: Buffer, start: number, end: number): void {
    const headerLength = header.length;
    const prefixed = `${headerLength + (bom ? BOM.length : 0) + end - start} ${header}`;
    if (this.#length + prefixed.length + BOM.length + end - start > this.#buffer.length) {
      this.#grow(prefixed.length + BOM.length + end - start);
    }
    let at = this.#length;
    at += this.#buffer.write(prefixed, at, 'latin1');
    if (bom) at += BOM.copy(this.#buffer, at);
    at += bytes.copy(this.#buffer, at, start, end);
    this.#length = at;
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
