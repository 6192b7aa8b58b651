/**
 * Records which messages of one run have been seen, and whether repeats are the same:
 * 64 bits of a digest for each seq, in blocks of 512. A million messages take 8 MB, and
 * a gap of any size takes only the rest of its two blocks.
 */
export class SeenSeqs {
  readonly #blocks = new Map<number, Uint32Array<ArrayBuffer>>();
  #number = -1;
  #block = new Uint32Array(0);
  #count = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = 0;

  /** How many different seqs. */
  get count(): number {
    return this.#count;
  }

  /** Infinity and 0 while there is none. */
  get first(): number {
    return this.#first;
  }

  get last(): number {
    return this.#last;
  }

  /** `digest` holds 8 octets or more, of which the first 8 count. `altered`: seen before, with other bytes. */
  see(seq: number, digest: Buffer): 'new' | 'same' | 'altered' {
    this.#turnTo(Math.floor(seq / BLOCK));
    const at = 2 * (seq % BLOCK);
    // 0 stands for a seq that has not been seen.
    const high = digest.readUInt32LE(0) || 1;
    const low = digest.readUInt32LE(4);
    if (this.#block[at] !== 0) return this.#block[at] === high && this.#block[at + 1] === low ? 'same' : 'altered';
    this.#block[at] = high;
    this.#block[at + 1] = low;
    this.#count += 1;
    this.#first = Math.min(this.#first, seq);
    this.#last = Math.max(this.#last, seq);
    return 'new';
  }

  has(seq: number): boolean {
    const block = this.#blocks.get(Math.floor(seq / BLOCK));
    return block !== undefined && block[2 * (seq % BLOCK)] !== 0;
  }

  /** The holes from `from` to `to`, both included, in order. */
  missing(from: number, to: number): { first: number; last: number }[] {
    const holes: { first: number; last: number }[] = [];
    let expected = from;
    for (const seq of this.#seqs(from, to)) {
      if (seq > expected) holes.push({ first: expected, last: seq - 1 });
      expected = seq + 1;
    }
    if (expected <= to) holes.push({ first: expected, last: to });
    return holes;
  }

  *#seqs(from: number, to: number): Generator<number, void, undefined> {
    for (const number of this.#numbersOf(from, to)) {
      const block = this.#blocks.get(number);
      if (block === undefined) continue;
      const start = number * BLOCK;
      const end = Math.min(start + BLOCK - 1, to);
      for (let seq = Math.max(start, from); seq <= end; seq++) if (block[2 * (seq - start)] !== 0) yield seq;
    }
  }

  /** Of the blocks that may hold something in this range, whichever way is shorter to find them. */
  #numbersOf(from: number, to: number): number[] {
    const start = Math.floor(from / BLOCK);
    const span = Math.floor(to / BLOCK) - start + 1;
    if (span <= this.#blocks.size) return Array.from({ length: Math.max(0, span) }, (_, index) => start + index);
    return [...this.#blocks.keys()].filter((number) => number >= start && number < start + span).sort((a, b) => a - b);
  }

  #turnTo(number: number): void {
    if (number === this.#number) return;
    const known = this.#blocks.get(number);
    this.#block = known ?? new Uint32Array(2 * BLOCK);
    if (known === undefined) this.#blocks.set(number, this.#block);
    this.#number = number;
  }
}

const BLOCK = 512;
