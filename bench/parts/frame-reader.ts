/** Takes RFC 5425 frames out of a stream and shows where each begins and ends; cheap, because a collector must not be what is measured. */
export class FrameReader {
  /** The beginning of a frame whose end has not come yet. */
  #rest: Buffer | undefined;
  /** Octets that `#rest` must have before another look at it is worthwhile. */
  #wanted = 0;

  /** Calls `onMessage` for each complete message with the buffer it stands in. */
  feed(octets: Buffer, onMessage: (buffer: Buffer, start: number, end: number) => void): void {
    const buffer = this.#rest === undefined ? octets : Buffer.concat([this.#rest, octets]);
    this.#rest = undefined;
    let at = 0;
    if (buffer.length >= this.#wanted) {
      this.#wanted = 0;
      while (at < buffer.length) {
        const space = buffer.indexOf(SPACE, at);
        if (space === -1) break;
        const end = space + 1 + digitsIn(buffer, at, space);
        if (end > buffer.length) {
          this.#wanted = end - at;
          break;
        }
        onMessage(buffer, space + 1, end);
        at = end;
      }
    }
    if (at < buffer.length) this.#rest = buffer.subarray(at);
  }
}

/** The number that stands there; what is no digit ends it. */
export function digitsIn(buffer: Buffer, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at += 1) {
    const digit = buffer[at]! - ZERO;
    if (digit < 0 || digit > 9) break;
    number = number * 10 + digit;
  }
  return number;
}

const SPACE = 0x20;
const ZERO = 0x30;
