/** Records what has been seen of one run, message by message. */
import type { MessageName } from '../model/entry.js';
import { Seqs } from './seqs.js';

/** Counts what may occur millions of times, and keeps the first few as examples. */
export class Counter<T> {
  #count = 0;
  readonly #examples: T[] = [];

  constructor(private readonly shown = 20) {}

  /** `count`: how many the example stands for. */
  add(example: T, count = 1): void {
    this.#count += count;
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

/** The agent's own word that lines are lost. */
export interface ToldLoss {
  /** Seq of the message that says so. */
  readonly seq: number;
  readonly kind: string;
  readonly facts: Readonly<Record<string, string>>;
}

/** What has been seen of one run. */
export class RunLedger {
  readonly seqs = new Seqs();
  /** Messages stored more than once, each further time counted. */
  copies = 0;
  /** First stored after a later one of the same file. */
  disordered = 0;
  /** Seqs stored again with other bytes; known after the pass that compares repeats. */
  readonly altered = new Counter<number>();
  readonly losses = new Counter<ToldLoss>();
  follows: MessageName | undefined;
  /** The highest seq of which there are traces, whole or not. */
  lastClaimed = 0;
  /** Its last message but seals, if that is the agent's own. */
  lastOwn: { readonly seq: number; readonly kind: string } | undefined;
  /** Of the seals behind it, without a gap. */
  sealedTo = 0;
  highestOfFile = 0;
  file = -1;

  /** The agent's own word that it stopped, and nothing but seals behind it. */
  get stopped(): boolean {
    if (this.lastOwn?.kind !== 'stop') return false;
    return Math.max(this.lastOwn.seq, this.sealedTo) === this.lastClaimed;
  }
}
