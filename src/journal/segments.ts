/**
 * The segments of a journal in order, and how much of each counts. Knows their
 * files; reads and writes none but heads. What lies beyond `end` was never synced.
 */
import { countUpTo } from '../lib/sorted.js';
import type { MessageName } from '../model/entry.js';
import type { Files } from './files.js';
import { readSegmentHead } from './read-head.js';
import type { SegmentHead } from './segment-codec.js';
import type { Hole } from './walk.js';

/** No segment is longer, nor is one entry: what lies beyond was put there by somebody, and is passed. */
const MOST_BYTES = 256 * 1024 * 1024;

export interface Segment {
  /** The number of its first entry, also its name. */
  readonly first: number;
  readonly path: string;
  /** Length of its head, where entries begin; 0 when the head is illegible. */
  readonly start: number;
  /** Up to here its bytes are synced and believed. */
  end: number;
  /** Kept of the head; the positions stay on disk. `undefined` when the head is illegible. */
  readonly known: KnownHead | undefined;
  /** Damage met so far, by offset. */
  readonly holes: Map<number, Hole>;
}

export interface KnownHead {
  readonly previous: SegmentHead['previous'];
  readonly last: MessageName | undefined;
  readonly messages: number;
  readonly createdAtMs: number;
}

export function knownOf({ previous, last, messages, createdAtMs }: SegmentHead): KnownHead {
  return { previous, last, messages, createdAtMs };
}

export class Segments {
  readonly #list: Segment[];
  #bytes = 0;

  constructor(list: readonly Segment[]) {
    this.#list = list.toSorted((a, b) => a.first - b.first);
    for (const [index, segment] of this.#list.entries()) {
      const limit = this.#list[index + 1]?.known?.previous;
      if (limit?.first === segment.first) segment.end = Math.min(segment.end, limit.end);
      this.#bytes += segment.end;
    }
  }

  get all(): readonly Segment[] {
    return this.#list;
  }

  /** On disk, heads included. */
  get bytes(): number {
    return this.#bytes;
  }

  get oldest(): Segment | undefined {
    return this.#list[0];
  }

  get newest(): Segment | undefined {
    return this.#list.at(-1);
  }

  /** The segment in which entry `number` stands, if it is anywhere; the oldest when it is older than all. */
  holding(number: number): Segment | undefined {
    return this.#list[Math.max(0, this.#indexOf(number))];
  }

  has(segment: Segment): boolean {
    return this.#list[this.#indexOf(segment.first)] === segment;
  }

  /** The next one in order; `segment` itself may be gone. */
  after(segment: Segment): Segment | undefined {
    return this.#list[this.#indexOf(segment.first) + 1];
  }

  before(segment: Segment): Segment | undefined {
    return this.#list[this.#indexOf(segment.first) - 1];
  }

  /** Entries of `segment` have numbers below this. */
  limitOf(segment: Segment): number {
    return this.after(segment)?.first ?? Number.POSITIVE_INFINITY;
  }

  /** Adds the newest; it takes the place of one without entries that has the same name. */
  add(segment: Segment): void {
    if (this.newest?.first === segment.first) this.#bytes -= this.#list.pop()?.end ?? 0;
    this.#list.push(segment);
    this.#bytes += segment.end;
  }

  grow(segment: Segment, bytes: number): void {
    segment.end += bytes;
    this.#bytes += bytes;
  }

  /** Forgets the oldest. */
  shift(): void {
    this.#bytes -= this.#list.shift()?.end ?? 0;
  }

  /** The last segment whose first entry is not after `number`, or -1. */
  #indexOf(number: number): number {
    return countUpTo(this.#list, number, ({ first }) => first) - 1;
  }
}

/** The segment in a file that is there; its `end` is the file's until the next segment says otherwise. */
export async function loadSegment(
  first: number,
  path: string,
  files: Files,
): Promise<{ segment: Segment; head: SegmentHead | undefined; mode: number }> {
  const { head, start, bytes, mode } = await readSegmentHead(path, files);
  const own = head?.first === first ? head : undefined;
  const known = own === undefined ? undefined : knownOf(own);
  return {
    segment: {
      first,
      path,
      start: own === undefined ? 0 : start,
      end: Math.min(bytes, MOST_BYTES),
      known,
      holes: new Map(),
    },
    head,
    mode,
  };
}
