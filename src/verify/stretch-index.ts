/** Which receipts' stretches hold a seq of one run; several may, when messages were acknowledged more than once. */
import { countUpTo } from '../lib/sorted.js';

/** Numbers of one run that belong to one receipt. */
export interface PlacedStretch {
  readonly first: number;
  readonly last: number;
  /** Of the receipt. */
  readonly ordinal: number;
  /** In the receipt. */
  readonly place: number;
}

export class StretchIndex {
  readonly #stretches: PlacedStretch[] = [];
  /** The highest last of all stretches up to each. */
  #reach: number[] | undefined;

  add(stretch: PlacedStretch): this {
    this.#stretches.push(stretch);
    return this;
  }

  holding(seq: number): PlacedStretch[] {
    this.#reach ??= this.#sort();
    let at = countUpTo(this.#stretches, seq, ({ first }) => first) - 1;
    const found: PlacedStretch[] = [];
    for (; at >= 0 && this.#reach[at]! >= seq; at--)
      if (this.#stretches[at]!.last >= seq) found.push(this.#stretches[at]!);
    return found;
  }

  #sort(): number[] {
    this.#stretches.sort((one, other) => one.first - other.first);
    let reach = 0;
    return this.#stretches.map(({ last }) => {
      reach = Math.max(reach, last);
      return reach;
    });
  }
}
