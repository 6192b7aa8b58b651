/**
 * Recomputes the SHA-256 of acknowledged epochs from what a store gives, while
 * it is read once. A message that comes before its turn is kept, within bounds;
 * an epoch whose messages do not all come is not recomputed. RAM: some 200
 * octets a receipt, and 64 MiB at most for messages out of turn.
 */
import type { MessageName, Run } from '../model/entry.js';
import type { Receipt } from './receipt.js';
import { Recount } from './recount.js';
import { type PlacedStretch, StretchIndex } from './stretch-index.js';

export type DigestResult =
  | 'same'
  | 'differs'
  /** Not all of its messages are there, or too far out of order. */
  | 'not-recomputed';

/** An epoch has no more. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;
/** Epochs begun and not done; beyond that the oldest is given up, for its missing messages will hardly come. */
const MAX_OPEN = 1024;

export class DigestCheck {
  readonly #index = new Map<Run, StretchIndex>();
  /** By ordinal of the receipt; `undefined` once it is settled. */
  readonly #stretches: (readonly PlacedStretch[] | undefined)[] = [];
  /** Octet strings: a third of what as many Buffers take. */
  readonly #digests: string[] = [];
  readonly #results: DigestResult[] = [];
  readonly #open = new Map<number, Recount>();
  #heldBytes = 0;

  /** All receipts come before the first message; they are numbered from 0. */
  expect({ stretches, sha256 }: Receipt): void {
    const ordinal = this.#results.push('not-recomputed') - 1;
    this.#digests.push(Buffer.from(sha256, 'hex').toString('latin1'));
    this.#stretches.push(
      stretches.map(({ run, first, last }, place) => {
        const stretch = { first, last, ordinal, place };
        const index = this.#index.get(run) ?? new StretchIndex();
        this.#index.set(run, index.add(stretch));
        return stretch;
      }),
    );
  }

  take({ run, seq }: MessageName, message: Buffer): void {
    for (const { ordinal, place } of this.#index.get(run)?.holding(seq) ?? []) {
      const stretches = this.#stretches[ordinal];
      if (stretches === undefined) continue;
      const recount = this.#open.get(ordinal) ?? this.#begin(ordinal, stretches);
      this.#heldBytes += recount.take(place, seq, message);
      if (recount.done) this.#end(ordinal, recount.matches(this.#digests[ordinal]!) ? 'same' : 'differs');
    }
    while (this.#heldBytes > MAX_HELD_BYTES || this.#open.size > MAX_OPEN) this.#giveUpOldest();
  }

  result(ordinal: number): DigestResult {
    return this.#results[ordinal] ?? 'not-recomputed';
  }

  #begin(ordinal: number, stretches: readonly PlacedStretch[]): Recount {
    const recount = new Recount(stretches);
    this.#open.set(ordinal, recount);
    return recount;
  }

  #end(ordinal: number, result: DigestResult): void {
    this.#heldBytes -= this.#open.get(ordinal)?.heldBytes ?? 0;
    this.#open.delete(ordinal);
    this.#results[ordinal] = result;
    this.#stretches[ordinal] = undefined;
  }

  #giveUpOldest(): void {
    for (const [ordinal, { heldBytes }] of this.#open) {
      if (this.#heldBytes > MAX_HELD_BYTES && heldBytes === 0) continue;
      this.#end(ordinal, 'not-recomputed');
      return;
    }
  }
}
