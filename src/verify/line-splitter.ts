/** Splits a stream of bytes into lines. A line that is too long is skipped, so that memory stays bounded. */

export interface CutLine {
  /** Without its LF; `undefined` when it was too long to keep. */
  readonly bytes: Buffer | undefined;
  /** Of its first octet in the stream. */
  readonly offset: number;
}

export class LineSplitter {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #held = 0;
  #tooLong = false;
  /** Offset of the line being read. */
  #offset = 0;
  /** Octets of it so far, kept or not. */
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that these octets complete. A line may share memory with `bytes`. */
  feed(bytes: Buffer): CutLine[] {
    const lines: CutLine[] = [];
    let at = 0;
    for (let lf = bytes.indexOf(LF); lf !== -1; lf = bytes.indexOf(LF, at)) {
      this.#hold(bytes.subarray(at, lf));
      lines.push(this.#take(1));
      at = lf + 1;
    }
    if (at < bytes.length) this.#hold(bytes.subarray(at));
    return lines;
  }

  /** What follows the last LF: one line or none. */
  end(): CutLine[] {
    return this.#length === 0 ? [] : [this.#take(0)];
  }

  #hold(piece: Buffer): void {
    this.#length += piece.length;
    this.#tooLong ||= this.#length > this.#maxBytes;
    if (this.#tooLong) this.#pieces = [];
    else this.#pieces.push(piece);
    this.#held = this.#tooLong ? 0 : this.#held + piece.length;
  }

  #take(terminatorBytes: number): CutLine {
    const [first] = this.#pieces;
    const whole = this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces, this.#held);
    const line = { bytes: this.#tooLong ? undefined : whole, offset: this.#offset };
    this.#offset += this.#length + terminatorBytes;
    this.#pieces = [];
    this.#held = 0;
    this.#length = 0;
    this.#tooLong = false;
    return line;
  }
}

const LF = 0x0a;
