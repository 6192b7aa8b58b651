/**
 * Lists the segments of a journal in order, and how much of each counts: what
 * lies beyond `end` was never synced. Of their files it reads the heads.
 */
import { systemCode } from '../../lib/errors.js';
import type { Files, OpenFile } from '../../lib/files.js';
import { countUpTo } from '../../lib/sorted.js';
import type { MessageName } from '../../model/entry.js';
import type { Hole } from '../format/scan.js';
import { decodeSegmentHead, type SegmentHead } from '../format/segment.js';
import { newerVersion } from './cursor.js';

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

/* All of a segment that counts, in one buffer: for what happens seldom (a start, damage), never on the way of the messages. */

const CHUNK_BYTES = 1024 * 1024;
/** What a disk loses at once when a sector goes bad under a file system's block. */
const BLOCK_BYTES = 4096;
/** Not zero: a stretch of zeros at the end is taken for a write that a crash cut short. */
const UNREADABLE = 0xff;

/** Blocks that the disk cannot read come back filled with a byte that no entry begins with, a file that is gone as none. */
export async function readSegment({ path, end }: Pick<Segment, 'path' | 'end'>, files: Files): Promise<Buffer> {
  const bytes = Buffer.alloc(end);
  let file: OpenFile;
  try {
    file = await files.open(path, 'read');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
  try {
    const length = Math.min(end, (await file.stat()).size);
    for (let at = 0; at < length; at += CHUNK_BYTES) {
      await readBlocks(file, bytes.subarray(at, Math.min(at + CHUNK_BYTES, length)), at);
    }
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}

async function readBlocks(file: OpenFile, into: Buffer, at: number): Promise<void> {
  try {
    await file.read(into, at);
  } catch (error) {
    if (systemCode(error) !== 'EIO') throw error;
    if (into.length <= BLOCK_BYTES) into.fill(UNREADABLE);
    else
      for (let from = 0; from < into.length; from += BLOCK_BYTES) {
        await readBlocks(file, into.subarray(from, Math.min(from + BLOCK_BYTES, into.length)), at + from);
      }
  }
}

/* Reads the head of a segment's file, and of the file only what the head needs. */

/** Enough for the positions of some hundred tails at the first try. */
const FIRST_TRY_BYTES = 64 * 1024;

export interface ReadHead {
  /** `undefined` when it is illegible. */
  readonly head: SegmentHead | undefined;
  /** Length of the head, 0 when it is illegible. */
  readonly start: number;
  /** Length and mode of the file. */
  readonly bytes: number;
  readonly mode: number;
}

/** A file that is gone has no head. Throws AgentError `journal-newer` for a later version, and what the disk says. */
export async function readSegmentHead(path: string, files: Files): Promise<ReadHead> {
  let file: OpenFile;
  try {
    file = await files.open(path, 'read');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { head: undefined, start: 0, bytes: 0, mode: 0 };
    throw error;
  }
  try {
    const { size: bytes, mode } = await file.stat();
    for (let wanted = FIRST_TRY_BYTES; ; ) {
      const into = Buffer.allocUnsafe(Math.min(wanted, bytes));
      const decoded = decodeSegmentHead(into.subarray(0, await file.read(into, 0)));
      switch (decoded.kind) {
        case 'head':
          return { head: decoded.head, start: decoded.bytes, bytes, mode };
        case 'newer':
          throw newerVersion(path, decoded.version);
        case 'short':
          if (decoded.bytes > bytes) return { head: undefined, start: 0, bytes, mode };
          wanted = decoded.bytes;
          break;
        case 'illegible':
          return { head: undefined, start: 0, bytes, mode };
        default:
          throw decoded satisfies never;
      }
    }
  } finally {
    await file.close();
  }
}
