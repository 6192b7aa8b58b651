/**
 * How long the next epoch may be, by what has happened so far: short after a
 * failure and after a start with a backlog, longer with each acknowledgement.
 * An agent that is killed again and again gets on all the same, and repeats no
 * more than one such epoch each time.
 */
import { doubled, EARLY_BYTES, type EpochLimit, type EpochOptions, epochLimit, halved } from '../../link/epoch.js';

export class Pace {
  #first = true;
  #startingBytes: number | undefined;
  #reducedBytes: number | undefined;

  /** `backlog`: the journal holds what an agent before this one may have sent already. */
  constructor(
    private readonly options: EpochOptions,
    backlog: boolean,
  ) {
    this.#startingBytes = backlog ? EARLY_BYTES : undefined;
  }

  /** `learning`: the collector's level is unknown. */
  limit(learning: boolean): EpochLimit {
    const [first, startingBytes, reducedBytes] = [this.#first, this.#startingBytes, this.#reducedBytes];
    return epochLimit(this.options, { learning, first, startingBytes, reducedBytes });
  }

  acknowledged(): void {
    this.#first = false;
    this.#startingBytes = doubled(this.#startingBytes, this.options);
    this.#reducedBytes = doubled(this.#reducedBytes, this.options);
  }

  /** An epoch of so many octets was not acknowledged. */
  failed(sentBytes: number): void {
    this.#reducedBytes = halved(this.#reducedBytes, sentBytes, this.options);
  }
}
