/**
 * Which bytes of which tails have been acknowledged, from the receipts: a few
 * ranges for each tail, because epochs follow one another, however many there are.
 */
import type { ByteOffset, TailId } from '../model/position.js';
import type { Receipt } from './receipt.js';

interface Range {
  from: ByteOffset;
  to: ByteOffset;
}

export class Acknowledged {
  /** Ascending, none touching another. */
  readonly #ranges = new Map<TailId, Range[]>();

  static async read(receipts: AsyncIterable<Receipt>): Promise<Acknowledged> {
    const acknowledged = new Acknowledged();
    for await (const { tails } of receipts) for (const { tail, from, to } of tails) acknowledged.#add(tail, from, to);
    return acknowledged;
  }

  /** All bytes from `from` up to and without `to`. */
  covers(tail: TailId, from: ByteOffset, to: ByteOffset): boolean {
    const ranges = this.#ranges.get(tail) ?? [];
    return ranges.some((range) => range.from <= from && to <= range.to);
  }

  #add(tail: TailId, from: ByteOffset, to: ByteOffset): void {
    const ranges = this.#ranges.get(tail) ?? [];
    const apart = ranges.filter((range) => range.to < from || to < range.from);
    const touching = ranges.filter((range) => !apart.includes(range));
    const joined = {
      from: Math.min(from, ...touching.map((range) => range.from)),
      to: Math.max(to, ...touching.map((range) => range.to)),
    };
    this.#ranges.set(
      tail,
      [...apart, joined].sort((a, b) => a.from - b.from),
    );
  }
}
