/**
 * Recomputes the SHA-256 of acknowledged epochs from a store that is read once. A
 * message that comes too early is kept, within bounds; an epoch whose messages do not
 * all come is not recomputed. Memory: some 200 bytes a receipt, and at most 64 MiB for
 * messages out of order.
 */

import { createHash, type Hash } from 'node:crypto';
import { countUpTo } from '../lib/sorted.js';
import type { MessageName, Run } from '../model/entry.js';
import type { Receipt } from './receipt.js';
import { restored } from './restored.js';

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
  readonly #open = new Map<number, EpochDigest>();
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
      const epoch = this.#open.get(ordinal) ?? this.#begin(ordinal, stretches);
      this.#heldBytes += epoch.take(place, seq, message);
      if (epoch.done) this.#end(ordinal, epoch.matches(this.#digests[ordinal]!) ? 'same' : 'differs');
    }
    while (this.#heldBytes > MAX_HELD_BYTES || this.#open.size > MAX_OPEN) this.#giveUpOldest();
  }

  result(ordinal: number): DigestResult {
    return this.#results[ordinal] ?? 'not-recomputed';
  }

  #begin(ordinal: number, stretches: readonly PlacedStretch[]): EpochDigest {
    const epoch = new EpochDigest(stretches);
    this.#open.set(ordinal, epoch);
    return epoch;
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

/* Which receipts' stretches hold a seq of one run; several may, when messages were acknowledged more than once. */

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

/* One epoch's frames digested again, in the order in which they went out, from messages that come in any. */

export class EpochDigest {
  readonly #stretches: readonly PlacedStretch[];
  readonly #asStored = createHash('sha256');
  /** Apart from the other from the first message on that looks rewritten by its store. */
  #restored: Hash | undefined;
  readonly #held = new Map<string, Buffer>();
  #place = 0;
  #next: number;
  heldBytes = 0;

  constructor(stretches: readonly PlacedStretch[]) {
    this.#stretches = stretches;
    this.#next = stretches[0]!.first;
  }

  get done(): boolean {
    return this.#place === this.#stretches.length;
  }

  /** By how much `heldBytes` grew. */
  take(place: number, seq: number, message: Buffer): number {
    const before = this.heldBytes;
    if (place === this.#place && seq === this.#next) {
      this.#add(message);
      for (let held = this.#release(); held !== undefined; held = this.#release()) this.#add(held);
    } else if (place > this.#place || (place === this.#place && seq > this.#next)) {
      this.#hold(`${place}:${seq}`, message);
    }
    return this.heldBytes - before;
  }

  /** `digest` as an octet string; asked once, when it is done. */
  matches(digest: string): boolean {
    return (
      this.#asStored.digest().toString('latin1') === digest || this.#restored?.digest().toString('latin1') === digest
    );
  }

  #add(message: Buffer): void {
    const original = restored(message);
    if (original !== message) this.#restored ??= this.#asStored.copy();
    frameInto(this.#asStored, message);
    if (this.#restored !== undefined) frameInto(this.#restored, original);
    this.#next += 1;
    if (this.#next <= this.#stretches[this.#place]!.last) return;
    this.#place += 1;
    this.#next = this.#stretches[this.#place]?.first ?? 0;
  }

  #hold(name: string, message: Buffer): void {
    if (this.#held.has(name)) return;
    // A copy: the message shares memory with all that was read at once.
    this.#held.set(name, Buffer.from(message));
    this.heldBytes += message.length;
  }

  #release(): Buffer | undefined {
    const name = `${this.#place}:${this.#next}`;
    const message = this.#held.get(name);
    this.#held.delete(name);
    this.heldBytes -= message?.length ?? 0;
    return message;
  }
}

function frameInto(hash: Hash, message: Buffer): void {
  hash.update(`${message.length} `);
  hash.update(message);
}
