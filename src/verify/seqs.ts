/**
 * Records which numbers of one run are stored, a bit each: a million messages take
 * 128 KB, and a gap of any size takes only the rest of its two pages. A second bit
 * marks those that are stored more than once.
 */
export interface Range {
  readonly first: number;
  readonly last: number;
}

export class Seqs {
  readonly #pages = new Map<number, Page>();
  #number = -1;
  #page: Page = { once: new Uint32Array(0), again: undefined };
  /** How many different numbers. */
  count = 0;
  /** Infinity and 0 while there is none. */
  first = Number.POSITIVE_INFINITY;
  last = 0;

  /** True when it had not been added. */
  add(seq: number): boolean {
    const at = seq % PAGE;
    const number = (seq - at) / PAGE;
    if (number !== this.#number) this.#turnTo(number);
    const { once } = this.#page;
    const bit = 1 << (at & 31);
    if ((once[at >>> 5]! & bit) !== 0) {
      this.#page.again ??= new Uint32Array(PAGE / 32);
      this.#page.again[at >>> 5]! |= bit;
      return false;
    }
    once[at >>> 5]! |= bit;
    this.count += 1;
    if (seq < this.first) this.first = seq;
    if (seq > this.last) this.last = seq;
    return true;
  }

  has(seq: number): boolean {
    const page = this.#pages.get(Math.floor(seq / PAGE));
    return page !== undefined && isSet(page.once, seq % PAGE);
  }

  /** Added more than once? */
  isRepeated(seq: number): boolean {
    const page = this.#pages.get(Math.floor(seq / PAGE));
    return page?.again !== undefined && isSet(page.again, seq % PAGE);
  }

  /** Pages in which something is repeated: numbers from `page * PAGE` on. */
  repeatedPages(): number[] {
    return [...this.#pages].filter(([, page]) => page.again !== undefined).map(([number]) => number);
  }

  /** The holes from `from` to `to`, both included, in order. */
  missing(from: number, to: number): Range[] {
    const holes: Range[] = [];
    let expected = from;
    for (const { first, last } of this.stored(from, to)) {
      if (first > expected) holes.push({ first: expected, last: first - 1 });
      expected = last + 1;
    }
    if (expected <= to) holes.push({ first: expected, last: to });
    return holes;
  }

  /** What is there from `from` to `to`, both included, as ranges that do not touch, in order. */
  stored(from: number, to: number): Range[] {
    const ranges: Range[] = [];
    const add = (first: number, last: number) => {
      const before = ranges.at(-1);
      if (before !== undefined && before.last === first - 1) ranges[ranges.length - 1] = { first: before.first, last };
      else ranges.push({ first, last });
    };
    for (const number of this.#numbersOf(from, to)) {
      const { once } = this.#pages.get(number)!;
      for (let word = 0; word < once.length; word++) {
        const bits = once[word]!;
        const start = number * PAGE + 32 * word;
        if (bits === 0 || start > to || start + 31 < from) continue;
        if (bits === ALL && start >= from && start + 31 <= to) add(start, start + 31);
        else
          for (let bit = 0; bit < 32; bit++)
            if ((bits & (1 << bit)) !== 0 && start + bit >= from && start + bit <= to) add(start + bit, start + bit);
      }
    }
    return ranges;
  }

  /** Of the pages in this range that hold something, whichever way is shorter to find them. */
  #numbersOf(from: number, to: number): number[] {
    const start = Math.floor(from / PAGE);
    const span = Math.floor(to / PAGE) - start + 1;
    const numbers =
      span <= this.#pages.size
        ? Array.from({ length: Math.max(0, span) }, (_, index) => start + index)
        : [...this.#pages.keys()].sort((a, b) => a - b);
    return numbers.filter((number) => number >= start && number < start + span && this.#pages.has(number));
  }

  #turnTo(number: number): void {
    this.#number = number;
    const known = this.#pages.get(number);
    this.#page = known ?? { once: new Uint32Array(PAGE / 32), again: undefined };
    if (known === undefined) this.#pages.set(number, this.#page);
  }
}

interface Page {
  readonly once: Uint32Array;
  again: Uint32Array | undefined;
}

function isSet(bits: Uint32Array, at: number): boolean {
  return (bits[at >>> 5]! & (1 << (at & 31))) !== 0;
}

/** Numbers of one page. */
export const PAGE = 4096;
const ALL = 0xffff_ffff;

/** Joins ranges that overlap or touch; in ascending order. */
export function joined(ranges: readonly Range[]): Range[] {
  const joint: { first: number; last: number }[] = [];
  for (const { first, last } of [...ranges].sort((one, other) => one.first - other.first)) {
    const before = joint.at(-1);
    if (before !== undefined && first <= before.last + 1) before.last = Math.max(before.last, last);
    else joint.push({ first, last });
  }
  return joint;
}

/** What of `ranges` is in none of `others`; both ascending and apart. */
export function without(ranges: readonly Range[], others: readonly Range[]): Range[] {
  const left: Range[] = [];
  let next = 0;
  for (const { first, last } of ranges) {
    let at = first;
    while (next < others.length && others[next]!.last < first) next += 1;
    for (let index = next; index < others.length && others[index]!.first <= last; index++) {
      const other = others[index]!;
      if (other.first > at) left.push({ first: at, last: other.first - 1 });
      at = Math.max(at, other.last + 1);
    }
    if (at <= last) left.push({ first: at, last });
  }
  return left;
}

export function lengthOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}
