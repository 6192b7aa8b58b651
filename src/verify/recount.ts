/** One epoch's frames digested again, in the order in which they went out, from messages that come in any. */
import { createHash, type Hash } from 'node:crypto';
import { restored } from './restored.js';
import type { PlacedStretch } from './stretch-index.js';

export class Recount {
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
