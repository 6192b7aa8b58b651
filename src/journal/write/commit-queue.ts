/**
 * Queues entries on their way to the disk, in the order of the calls. Bounded:
 * beyond `limitBytes` a caller waits until what is before it has been written.
 */
import type { NewEntry } from '../../model/entry.js';
import { encodeEntry, type Seed } from '../format/entry.js';

/** Below this a copy is cheaper than a scattered write. */
const COPIED_BYTES = 64 * 1024;

export interface QueuedEntry {
  readonly number: number;
  readonly entry: NewEntry;
  readonly writtenAtMs: number;
  readonly bytes: number;
  /** What stands before the frames. */
  readonly head: Buffer;
}

/** A caller whose entry has to wait until it is accepted. */
interface Waiting {
  readonly queued: QueuedEntry;
  readonly admitted: () => void;
  readonly refused: (reason: unknown) => void;
}

/** A caller that waits until all up to an entry is on disk. */
interface Flush {
  readonly number: number;
  readonly written: () => void;
  readonly failed: (reason: unknown) => void;
}

export class CommitQueue {
  readonly #queued: QueuedEntry[] = [];
  readonly #waiting: Waiting[] = [];
  /** In ascending order of numbers. */
  readonly #flushes: Flush[] = [];
  #bytes = 0;
  /** The number that the next accepted entry gets. */
  #next: number;

  constructor(
    next: number,
    private readonly options: { readonly limitBytes: number; readonly seed: Seed; nowMs(): number },
  ) {
    this.#next = next;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#queued.length === 0;
  }

  /** The number of the last entry that was put in, accepted or still waiting. */
  get last(): number {
    return this.#next - 1 + this.#waiting.length;
  }

  /** Resolves once the entry is accepted; rejects with the reason given to `clear`. */
  put(entry: NewEntry, own: boolean): Promise<void> {
    // At once, also for one that waits: an entry that cannot be written is its giver's fault, not the disk's.
    const queued = this.#encoded(entry, own);
    if (this.#waiting.length > 0 || this.#bytes >= this.options.limitBytes) {
      return new Promise((admitted, refused) => this.#waiting.push({ queued, admitted, refused }));
    }
    this.#accept(queued);
    return Promise.resolve();
  }

  /** Resolves when all that was put in so far is on disk; rejects with the reason given to `clear`. */
  written(): Promise<void> {
    if (this.isEmpty && this.#waiting.length === 0) return Promise.resolve();
    const number = this.last;
    return new Promise((written, failed) => this.#flushes.push({ number, written, failed }));
  }

  /** True when the first one does not fit behind `end`. */
  exceeds(end: number, limit: number): boolean {
    return end + (this.#queued[0]?.bytes ?? 0) > limit;
  }

  /** The first one, whatever its size, and as many more as fit before `limit` when writing begins at `end`. */
  group(end: number, limit: number): readonly QueuedEntry[] {
    let reached = end;
    const count = this.#queued.findIndex(({ bytes }, index) => {
      reached += bytes;
      return index > 0 && reached > limit;
    });
    return this.#queued.slice(0, count === -1 ? this.#queued.length : count);
  }

  /** This group is on disk; those who wait move up. */
  done(group: readonly QueuedEntry[]): void {
    this.#queued.splice(0, group.length);
    this.#bytes -= bytesOf(group);
    const written = group.at(-1)?.number ?? 0;
    while ((this.#flushes[0]?.number ?? Number.POSITIVE_INFINITY) <= written) this.#flushes.shift()?.written();
    while (this.#bytes < this.options.limitBytes) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return;
      this.#accept(waiting.queued);
      waiting.admitted();
    }
  }

  /** Gives everything up; the next entry gets number `next`. */
  clear(next: number, reason: unknown): void {
    this.#queued.length = 0;
    this.#bytes = 0;
    this.#next = next;
    for (const { refused } of this.#waiting.splice(0)) refused(reason);
    for (const { failed } of this.#flushes.splice(0)) failed(reason);
  }

  #encoded(entry: NewEntry, own: boolean): QueuedEntry {
    const number = this.last + 1;
    const writtenAtMs = this.options.nowMs();
    const head = encodeEntry(entry, { number, own, writtenAtMs, seed: this.options.seed });
    return { number, entry, writtenAtMs, bytes: head.length + entry.frames.length, head };
  }

  #accept(queued: QueuedEntry): void {
    this.#queued.push(queued);
    this.#next += 1;
    this.#bytes += queued.bytes;
  }
}

export function bytesOf(group: readonly QueuedEntry[]): number {
  return group.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The group as it is written. */
export function buffersOf(group: readonly QueuedEntry[]): Buffer[] {
  const buffers = group.flatMap(({ head, entry }) => (entry.frames.length === 0 ? [head] : [head, entry.frames]));
  return bytesOf(group) < COPIED_BYTES ? [Buffer.concat(buffers)] : buffers;
}
