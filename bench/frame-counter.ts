/** Counts RFC 5425 frames in a stream without looking at what they carry: a collector must not be what is measured. */
export class FrameCounter {
  messages = 0;
  /** Octets of the message that is being passed over. */
  #left = 0;
  #length = 0;

  feed(octets: Buffer): void {
    let at = 0;
    while (at < octets.length) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, octets.length - at);
        at += step;
        this.#left -= step;
        if (this.#left === 0) this.messages += 1;
      } else if (octets[at] === SPACE) {
        this.#left = this.#length;
        this.#length = 0;
        at += 1;
      } else {
        this.#length = this.#length * 10 + octets[at]! - ZERO;
        at += 1;
      }
    }
  }
}

const SPACE = 0x20;
const ZERO = 0x30;
