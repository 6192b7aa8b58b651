/**
 * Computes digests of given messages again from a store, in whatever order it has
 * them. While the store is read the first time, each digest goes on as long as its
 * messages come in turn. For those that this left open, further passes note where
 * their messages stand, as many as the memory allows, and then read them in turn.
 */
import type { MessageName, Run } from '../model/entry.js';
import { FrameHash } from './frame-hash.js';
import type { Stretch } from './receipt.js';
import { lengthOf } from './seqs.js';

export interface Wanted {
  /** In the order in which their frames were hashed. */
  readonly stretches: readonly Stretch[];
  readonly sha256: Buffer;
  /** Hashed in front of the frames. */
  readonly prefix?: Buffer;
}

/** `incomplete`: not all of its messages are stored. */
export type DigestResult = 'same' | 'differs' | 'incomplete';

/** Where a message stands in a store's uncompressed file. */
export interface Place {
  readonly file: number;
  readonly at: number;
  readonly length: number;
  /** The message itself, where that is better than to read it again. */
  readonly held: Buffer | undefined;
}

/** Digests begun and not done; beyond that the oldest is left for later. */
const MAX_OPEN = 1024;

export class Digests {
  readonly #jobs: Job[] = [];
  readonly #waiting = new Map<Run, Awaited>();
  readonly #open = new Set<Job>();
  #index: OffsetIndex | undefined;
  #planned: Job[] = [];

  /** They are numbered from 0. */
  expect(wanted: Wanted): number {
    const job = new Job(wanted);
    this.#await(job);
    return this.#jobs.push(job) - 1;
  }

  /** The first pass: each message, once or more often, in any order. */
  take(run: Run, seq: number, bytes: Buffer, start: number, end: number, hashSign: boolean): void {
    const awaited = this.#waiting.get(run);
    if (awaited === undefined) return;
    if (seq === awaited.hotSeq) {
      const job = awaited.hot!;
      job.add(bytes, start, end, hashSign);
      if (job.inStretch) awaited.hotSeq = seq + 1;
      else this.#turn(job, awaited);
    }
    const others = awaited.bySeq.get(seq);
    if (others === undefined) return;
    awaited.bySeq.delete(seq);
    for (const job of others) {
      this.#begin(job);
      job.add(bytes, start, end, hashSign);
      if (job.result !== undefined) this.#open.delete(job);
      else if (job.inStretch && awaited.hot === undefined) {
        awaited.hot = job;
        awaited.hotSeq = seq + 1;
      } else this.#await(job);
    }
  }

  result(ordinal: number): DigestResult {
    return this.#jobs[ordinal]?.result ?? 'incomplete';
  }

  /** Messages of digests that are still to be computed. */
  get messagesLeft(): number {
    const left = this.#jobs.filter(({ result }) => result === undefined).flatMap(({ wanted }) => wanted.stretches);
    return lengthOf(left);
  }

  /** Before a further pass; false when none is needed. `isStored`: are all messages of the stretch there? */
  plan(memoryBytes: number, heldBytes: number, isStored: (stretch: Stretch) => boolean): boolean {
    this.#open.clear();
    this.#waiting.clear();
    this.#index = new OffsetIndex(memoryBytes, heldBytes);
    this.#planned = [];
    for (const job of this.#jobs) {
      if (job.result !== undefined) continue;
      job.giveUp();
      if (!job.wanted.stretches.every(isStored)) job.result = 'incomplete';
      else if (this.#index.want(job.wanted.stretches)) this.#planned.push(job);
      else break;
    }
    return this.#planned.length > 0;
  }

  /** A message in a further pass. `held`: it is kept, because it cannot be read again from its offset, or not as fast. */
  note(run: Run, seq: number, file: number, at: number, message: () => Buffer, length: number, held: boolean): void {
    this.#index?.note(run, seq, file, at, length, held ? message : undefined);
  }

  /** Behind a further pass: the digests that it was for. */
  async compute(read: (place: Place) => Promise<Buffer>): Promise<void> {
    for (const job of this.#planned) {
      for (const name of job.names()) {
        const place = this.#index?.find(name.run, name.seq);
        if (place === undefined) break;
        const message = await read(place);
        job.add(message, 0, message.length, message.includes(HASH_SIGN));
      }
      // The store was changed while it was read.
      job.result ??= 'incomplete';
    }
  }

  #await(job: Job): void {
    const { run, seq } = job.next;
    let awaited = this.#waiting.get(run);
    if (awaited === undefined) {
      awaited = { hot: undefined, hotSeq: -1, bySeq: new Map() };
      this.#waiting.set(run, awaited);
    }
    const others = awaited.bySeq.get(seq);
    if (others === undefined) awaited.bySeq.set(seq, [job]);
    else others.push(job);
  }

  /** The job at hand has come to the end of a stretch, or of all. */
  #turn(job: Job, awaited: Awaited): void {
    awaited.hot = undefined;
    awaited.hotSeq = -1;
    if (job.result === undefined) this.#await(job);
    else this.#open.delete(job);
  }

  #begin(job: Job): void {
    this.#open.add(job);
    if (this.#open.size <= MAX_OPEN) return;
    const [oldest] = this.#open;
    this.#open.delete(oldest!);
    const { run, seq } = oldest!.next;
    const awaited = this.#waiting.get(run)!;
    if (awaited.hot === oldest) {
      awaited.hot = undefined;
      awaited.hotSeq = -1;
    } else {
      awaited.bySeq.set(seq, awaited.bySeq.get(seq)?.filter((other) => other !== oldest) ?? []);
    }
    oldest!.giveUp();
  }
}

/** Digests of one run, by the number that each goes on with. */
interface Awaited {
  /** The one that goes on with `hotSeq`; it stands in no map, because messages mostly come in turn. */
  hot: Job | undefined;
  hotSeq: number;
  readonly bySeq: Map<number, Job[]>;
}

class Job {
  result: DigestResult | undefined;
  #hash: FrameHash | undefined;
  #place = 0;
  #seq: number;

  constructor(readonly wanted: Wanted) {
    this.#seq = wanted.stretches[0]?.first ?? 0;
    if (wanted.stretches.length === 0) this.#finish();
  }

  get next(): MessageName {
    return { run: this.wanted.stretches[this.#place]?.run ?? '', seq: this.#seq };
  }

  /** What comes next is of the same run and has the next number. */
  get inStretch(): boolean {
    return this.result === undefined && this.#seq !== this.wanted.stretches[this.#place]!.first;
  }

  add(bytes: Buffer, start: number, end: number, hashSign: boolean): void {
    this.#hash ??= new FrameHash(this.wanted.prefix);
    this.#hash.add(bytes, start, end, hashSign);
    this.#seq += 1;
    if (this.#seq <= this.wanted.stretches[this.#place]!.last) return;
    this.#place += 1;
    const stretch = this.wanted.stretches[this.#place];
    if (stretch === undefined) this.#finish();
    else this.#seq = stretch.first;
  }

  /** All of them, in their order. */
  *names(): Generator<MessageName, void, undefined> {
    for (const { run, first, last } of this.wanted.stretches)
      for (let seq = first; seq <= last; seq++) yield { run, seq };
  }

  /** All of it is computed anew later. */
  giveUp(): void {
    this.#hash = undefined;
    this.#place = 0;
    this.#seq = this.wanted.stretches[0]?.first ?? 0;
  }

  #finish(): void {
    this.#hash ??= new FrameHash(this.wanted.prefix);
    this.result = this.#hash.matches(this.wanted.sha256) ? 'same' : 'differs';
    this.#hash = undefined;
  }
}

const HASH_SIGN = 0x23;
/** Small, because a receipt may be of one message, and there may be as many runs as receipts. */
const INDEX_PAGE = 256;

interface IndexPage {
  readonly at: Float64Array;
  /** 0: not met yet. */
  readonly length: Uint32Array;
  readonly file: Uint32Array;
  readonly held: Map<number, Buffer>;
}

/** Where the wanted messages stand; the first copy of each. */
class OffsetIndex {
  readonly #runs = new Map<Run, Map<number, IndexPage>>();
  #left: number;

  constructor(
    memoryBytes: number,
    private readonly heldBytes: number,
  ) {
    this.#left = memoryBytes;
  }

  /** False when there is no room; the first is taken in any case. */
  want(stretches: readonly Stretch[]): boolean {
    const numbers = stretches.flatMap(({ run, first, last }) => {
      const pages: (readonly [Run, number])[] = [];
      for (let page = Math.floor(first / INDEX_PAGE); page <= Math.floor(last / INDEX_PAGE); page++)
        if (this.#runs.get(run)?.has(page) !== true) pages.push([run, page]);
      return pages;
    });
    const bytes = numbers.length * INDEX_PAGE * (16 + this.heldBytes);
    if (bytes > this.#left && this.#runs.size > 0) return false;
    this.#left -= bytes;
    for (const [run, number] of numbers) {
      const pages = this.#runs.get(run) ?? new Map<number, IndexPage>();
      this.#runs.set(run, pages);
      pages.set(number, {
        at: new Float64Array(INDEX_PAGE),
        length: new Uint32Array(INDEX_PAGE),
        file: new Uint32Array(INDEX_PAGE),
        held: new Map(),
      });
    }
    return true;
  }

  note(run: Run, seq: number, file: number, at: number, length: number, held: (() => Buffer) | undefined): void {
    const index = seq % INDEX_PAGE;
    const page = this.#runs.get(run)?.get((seq - index) / INDEX_PAGE);
    if (page === undefined || page.length[index] !== 0) return;
    page.at[index] = at;
    page.length[index] = length;
    page.file[index] = file;
    // A copy: the message shares memory with all that was read at once.
    if (held !== undefined) page.held.set(index, Buffer.from(held()));
  }

  find(run: Run, seq: number): Place | undefined {
    const index = seq % INDEX_PAGE;
    const page = this.#runs.get(run)?.get((seq - index) / INDEX_PAGE);
    const length = page?.length[index] ?? 0;
    if (page === undefined || length === 0) return undefined;
    return { file: page.file[index]!, at: page.at[index]!, length, held: page.held.get(index) };
  }
}
