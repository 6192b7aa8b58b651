/** Records what has been seen of one run, message by message. */
import { hash } from 'node:crypto';
import type { MessageName } from '../model/entry.js';
import { Counter } from './counter.js';
import type { OwnMessage } from './identity.js';
import { restored } from './restored.js';
import { SeenSeqs } from './seen-seqs.js';

/** The agent's own word that lines are lost. */
export interface ToldLoss {
  /** Seq of the message that says so. */
  readonly seq: number;
  readonly kind: string;
  readonly facts: Readonly<Record<string, string>>;
}

export class RunLedger {
  readonly seqs = new SeenSeqs();
  /** Messages stored more than once with the same bytes, each further time counted. */
  repeats = 0;
  /** First stored after a later one of the same file. */
  disordered = 0;
  /** Seqs stored again with other bytes. */
  readonly altered = new Counter<number>();
  readonly losses = new Counter<ToldLoss>();
  follows: MessageName | undefined;
  /** The highest seq of which there are traces, whole or not. */
  lastClaimed = 0;
  #lastOwn: { readonly seq: number; readonly kind: string } | undefined;
  #highestOfFile = 0;

  /** Order is a matter of one file: the files may come in any. */
  nextFile(): void {
    this.#highestOfFile = 0;
  }

  /** True when this message had not been seen. */
  see(seq: number, bytes: Buffer, follows: MessageName | undefined, own: OwnMessage | undefined): boolean {
    const seen = this.seqs.see(seq, hash('sha256', restored(bytes), 'buffer'));
    if (seen === 'same') this.repeats += 1;
    if (seen === 'altered') this.altered.add(seq);
    if (seen !== 'new') return false;

    this.claim(seq);
    if (seq < this.#highestOfFile) this.disordered += 1;
    else this.#highestOfFile = seq;
    this.follows ??= follows;
    if (own !== undefined) this.#seeOwn(seq, own);
    return true;
  }

  /** A message that is there, but not whole. */
  claim(seq: number): void {
    this.lastClaimed = Math.max(this.lastClaimed, seq);
  }

  /** Its last message is the agent's own word that it stopped. */
  get stopped(): boolean {
    return this.#lastOwn?.kind === 'stop' && this.#lastOwn.seq === this.lastClaimed;
  }

  #seeOwn(seq: number, { kind, facts }: OwnMessage): void {
    if (kind === 'gap' || kind === 'dropped') this.losses.add({ seq, kind, facts });
    if (this.#lastOwn === undefined || this.#lastOwn.seq < seq) this.#lastOwn = { seq, kind };
  }
}
