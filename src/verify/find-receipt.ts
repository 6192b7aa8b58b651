/** Finds the receipts of a message or of a byte of a file; if there are none, says how far the receipts go. */
import type { MessageName } from '../model/entry.js';
import type { ByteOffset, TailId } from '../model/position.js';
import { isWithin, type Receipt } from './receipt.js';

export interface FoundReceipts {
  /** Oldest first; several when it was acknowledged more than once, or when several files had the name. */
  readonly found: readonly Receipt[];
  /** Time of the oldest receipt that is kept, `undefined` when there is none. */
  readonly since: string | undefined;
  /** Of the newest. */
  readonly until: string | undefined;
  /** The latest that is known of the same run, or of the same file. */
  readonly reached: { readonly time: string; readonly at: number } | undefined;
}

export interface FileOffset {
  readonly path: string;
  readonly offset: number;
  /** Only this one of the files that had the path. */
  readonly tail: TailId | undefined;
}

export async function findBySeq(receipts: AsyncIterable<Receipt>, name: MessageName): Promise<FoundReceipts> {
  const found: Receipt[] = [];
  let since: string | undefined;
  let until: string | undefined;
  let reached: FoundReceipts['reached'];
  for await (const receipt of receipts) {
    since ??= receipt.time;
    until = receipt.time;
    if (receipt.stretches.some((stretch) => isWithin(stretch, name))) found.push(receipt);
    const last = highest(receipt.stretches.filter(({ run }) => run === name.run).map((stretch) => stretch.last));
    if (last > (reached?.at ?? -1)) reached = { time: receipt.time, at: last };
  }
  return { found, since, until, reached };
}

/** Reads the receipts twice: a file that was renamed is found by any path that it had. */
export async function findByOffset(
  read: () => AsyncIterable<Receipt>,
  { path, offset, tail }: FileOffset,
): Promise<FoundReceipts> {
  const tails = tail === undefined ? await tailsAt(read(), path) : new Set([tail]);
  const found: Receipt[] = [];
  let since: string | undefined;
  let until: string | undefined;
  let reached: FoundReceipts['reached'];
  for await (const receipt of read()) {
    since ??= receipt.time;
    until = receipt.time;
    const ranges = receipt.tails.filter((range) => tails.has(range.tail));
    if (ranges.some(({ from, to }) => from <= offset && offset < to)) {
      found.push({ ...receipt, tails: ranges });
    }
    const to = highest(ranges.map((range) => range.to));
    if (to > (reached?.at ?? -1)) reached = { time: receipt.time, at: to };
  }
  return { found, since, until, reached };
}

async function tailsAt(receipts: AsyncIterable<Receipt>, path: string): Promise<Set<TailId>> {
  const tails = new Set<TailId>();
  for await (const receipt of receipts) {
    for (const range of receipt.tails) if (range.path === path) tails.add(range.tail);
  }
  return tails;
}

function highest(numbers: readonly number[]): number {
  return numbers.reduce((high, number) => Math.max(high, number), -1);
}

/*
 * Which bytes of which tails have been acknowledged, from the receipts: a few
 * ranges for each tail, because epochs follow one another, however many there are.
 */

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
