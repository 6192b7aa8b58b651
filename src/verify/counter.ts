/** Counts what may occur millions of times, and keeps the first few as examples. */
export class Counter<T> {
  #count = 0;
  readonly #examples: T[] = [];

  constructor(private readonly shown = 20) {}

  add(example: T): void {
    this.#count += 1;
    if (this.#examples.length < this.shown) this.#examples.push(example);
  }

  report(): Counted<T> {
    return { count: this.#count, examples: this.#examples };
  }
}

export interface Counted<T> {
  readonly count: number;
  /** The first few. */
  readonly examples: readonly T[];
}
