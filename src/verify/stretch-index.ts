/** Which receipts' stretches hold a seq of one run; several may, when messages were acknowledged more than once. */

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
    let at = this.#behind(seq) - 1;
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

  /** The first stretch that begins behind `seq`. */
  #behind(seq: number): number {
    let low = 0;
    let high = this.#stretches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#stretches[middle]!.first <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
