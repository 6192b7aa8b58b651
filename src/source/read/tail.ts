/**
 * A tail: one file identity, read forward from an offset. Every read proves
 * first that the text before the offset is still the one that was read, so
 * that a truncated or overwritten file is never taken for a grown one; the
 * file's size is never trusted for that.
 */
import type { Chunk, ChunkEnding } from '../../model/line.js';
import type { ByteOffset, DoubledHour, InsideLine, Position, TailId } from '../../model/position.js';
import type { FileKey, Seen } from '../find/snapshot.js';
import type { LossReason } from '../types.js';
import { type Content, measureHole } from './content.js';
import { fileIdentity, sameContent } from './fingerprint.js';
import { cutLines, HOLE_BYTES, insideLineAfter } from './lines.js';
import { type Changed, type ReadText, TextBefore } from './read-history.js';

/** What a tail is made with. */
export interface TailLimits {
  readonly maxLineBytes: number;
  readonly partialLineTimeoutMs: number;
}

/** Where a tail comes from and stands at first. */
export interface TailOptions {
  readonly lineage: string;
  readonly age: number;
  /** The number of the look that made it, 0 for a tail out of the journal. */
  readonly bornLook: number;
  readonly place: Place;
  readonly journaled: boolean;
}

/** One read is at most this much of the file, unless a single line is longer. */
const READ_BYTES = 256 * 1024;

export type Reading =
  | { readonly kind: 'chunk'; readonly chunk: Chunk }
  /** Nothing to hand out before the file changes or the partial line is due. */
  | { readonly kind: 'end' }
  | Changed;

export class Tail {
  readonly id: TailId;
  readonly source: string;
  /** Tails of one lineage are generations of one log, read in order of age. */
  lineage: string;
  age: number;
  readonly bornLook: number;
  /** It holds the text of a tail that was lost before it was read. */
  stands = false;
  path: string;
  place: Place;
  content: Content | undefined;
  /** Something may be readable. */
  ready = false;
  /** How often it was said to be: what is said while a read is under way must not be forgotten at its end. */
  wakes = 0;
  /** The journal should learn of a new path, or that the tail is gone. */
  moved = false;
  gone = false;
  /** What became of the rest of its lost file is known. */
  ended: boolean;
  /** The text can grow no more: its last line is whole without a newline. */
  finished = false;
  /** Why the file cannot be opened or read, the system's code. */
  blocked: string | undefined;
  /** Of the directory that the log lies in, as last seen: tells a missing file from a missing volume. */
  homeDevice: number | undefined;
  /** What is wrong with a compressed file. */
  damage: string | undefined;
  /** Whether the journal can know this tail. */
  journaled: boolean;
  /** A last line without newline: how long it is, and since when. */
  partial: { readonly length: number; readonly sinceMs: number } | undefined;
  /** How long the text was when a read last came to its end; `undefined` while more is known to follow. */
  provenSize: number | undefined;
  /** How often the file has been seen to change since a read last came to its end. */
  sights = 0;
  /** How far it had been read when its size was last seen to change. */
  offsetAtSight = 0;
  /** What was known of the text when the file was lost, to know a shorter copy by. */
  lostText: ReadText | undefined;

  #offset: ByteOffset;
  #insideLine: InsideLine | undefined;
  #doubledHour: DoubledHour | undefined;
  #journalPath: string;
  readonly #before: TextBefore;
  #longLine = false;
  /** NUL bytes skipped as holes since this program first knew it. */
  #holeBytes = 0;

  constructor(
    /** Where it stood when this program first knew it. */
    readonly first: Position,
    readonly limits: TailLimits,
    options: TailOptions,
  ) {
    this.id = first.tailId;
    this.source = first.source;
    this.path = first.path;
    this.lineage = options.lineage;
    this.age = options.age;
    this.bornLook = options.bornLook;
    this.place = options.place;
    this.journaled = options.journaled;
    this.ended = first.ended === true;
    this.#offset = first.offset;
    this.#insideLine = first.insideLine;
    this.#doubledHour = first.doubledHour;
    this.#before = new TextBefore(first.identity);
    this.#journalPath = first.path;
  }

  get offset(): ByteOffset {
    return this.#offset;
  }

  get holeBytes(): number {
    return this.#holeBytes;
  }

  get identity(): Position['identity'] {
    return this.#before.identity;
  }

  get position(): Position {
    return {
      tailId: this.id,
      source: this.source,
      path: this.#journalPath,
      offset: this.#offset,
      identity: this.identity,
      ...(this.#insideLine === undefined ? {} : { insideLine: this.#insideLine }),
      ...(this.#doubledHour === undefined ? {} : { doubledHour: this.#doubledHour }),
      ...(this.ended ? { ended: true } : {}),
    };
  }

  /** Takes up a file whose text has been shown to continue this tail, or that was seen to be the same file. */
  settle(seen: Seen, path: string): void {
    this.#before.identity = { ...this.identity, ...fileIdentity(seen.stats) };
    this.place = { name: 'placed', key: seen.key, size: seen.stats.size, stamp: stampOf(seen.stats) };
    this.finished = false;
    this.path = path;
    this.moved ||= this.journaled && (this.ended || this.#journalPath !== path);
    this.ended = false;
  }

  /** The file has changed where it is. */
  sight(stats: Seen['stats']): void {
    if (this.place.name === 'lost') return;
    this.#before.identity = { ...this.identity, ...fileIdentity(stats) };
    this.place = { ...this.place, size: stats.size, stamp: stampOf(stats) };
    // As long as reading found it already: nothing new.
    if (stats.size !== this.provenSize) this.sights++;
    this.offsetAtSight = this.#offset;
  }

  /** What became of the rest of its file is known: worth remembering, for after a restart nobody could tell. */
  end(): void {
    this.moved ||= this.journaled && !this.ended;
    this.ended = true;
  }

  /** Keeps an opened file. Answers whether its text continues this tail; if not, the content stays the caller's. */
  async adopt(content: Content): Promise<boolean> {
    if (!(await this.#before.recall(content, this.#offset))) return false;
    this.lostText = undefined;
    this.content = content;
    return true;
  }

  /** Whether the text that was read is still there, as reading on would find out. */
  async stillHolds(): Promise<boolean> {
    return this.content !== undefined && (await sameContent(this.content, this.identity, this.#offset)) !== undefined;
  }

  async release(): Promise<void> {
    await this.detach()?.close();
  }

  /** Lets go of the open file, which is the caller's from now on. */
  detach(): Content | undefined {
    const content = this.content;
    this.content = undefined;
    this.lostText = this.#before.known;
    this.#before.forget();
    return content;
  }

  /** Reads the next chunk through `content`. Rejects with the system's error. */
  async read(nowMs: number, monotonicMs: number): Promise<Reading> {
    const content = this.content!;
    const { maxLineBytes } = this.limits;
    const limit = Math.max(HOLE_BYTES, this.#longLine ? maxLineBytes + 2 : Math.min(READ_BYTES, maxLineBytes + 2));
    const window = await this.#before.read(content, this.#offset, limit);
    if ('kind' in window) return window;
    const cut = cutLines(window, maxLineBytes, this.#insideLine !== undefined);
    if (cut?.ending === 'hole') return this.#atHole(content, nowMs, monotonicMs);
    if (cut) return { kind: 'chunk', chunk: this.#advance(window.subarray(0, cut.end), cut.ending, nowMs) };
    if (window.length === limit) {
      this.#longLine = true;
      return this.read(nowMs, monotonicMs);
    }
    return this.#atEnd(window, nowMs, monotonicMs);
  }

  /** Notes that all has been read that the file was ever seen to hold. */
  reachedSeenEnd(): void {
    if (this.place.name === 'lost' || this.#offset < this.place.size) return;
    this.provenSize = this.#offset;
    this.sights = 0;
  }

  /** A chunk without bytes that only says where the tail is now, or that it is gone. */
  announce(nowMs: number): Chunk {
    return this.#advance(Buffer.alloc(0), this.gone && this.#insideLine !== undefined ? 'final' : 'newline', nowMs);
  }

  /** The journal stands elsewhere: back to `position`, or to where the tail was first seen. */
  rewind(position: Position | undefined): void {
    const to = position ?? this.first;
    this.journaled = position !== undefined;
    this.#offset = to.offset;
    this.#insideLine = to.insideLine;
    this.#doubledHour = to.doubledHour;
    this.#before.identity = { ...this.identity, head: to.identity.head, last: to.identity.last };
    this.#journalPath = to.path;
    this.#before.forget();
    this.#longLine = false;
    this.partial = undefined;
    this.provenSize = undefined;
    this.offsetAtSight = Math.min(this.offsetAtSight, to.offset);
    this.finished = false;
    this.ended = this.place.name === 'lost' && to.ended === true;
    this.moved = this.journaled && (to.path !== this.path || (to.ended === true && !this.ended));
    this.gone = false;
    this.ready = true;
  }

  /** Skips it once text follows; one at the end of the file is waited at as for the rest of a line. */
  async #atHole(content: Content, nowMs: number, monotonicMs: number): Promise<Reading> {
    const { bytes, atEnd } = await measureHole(content, this.#offset);
    if (atEnd && !this.finished && !this.#isDue(bytes, monotonicMs)) {
      this.provenSize = this.#offset + bytes;
      this.sights = 0;
      return { kind: 'end' };
    }
    return { kind: 'chunk', chunk: this.#advance(Buffer.alloc(0), 'newline', nowMs, bytes) };
  }

  /** Whether the end of the text has been so for as long as a line without newline is waited for. */
  #isDue(length: number, monotonicMs: number): boolean {
    if (this.partial?.length !== length) this.partial = { length, sinceMs: monotonicMs };
    return monotonicMs - this.partial.sinceMs >= this.limits.partialLineTimeoutMs;
  }

  #atEnd(rest: Buffer, nowMs: number, monotonicMs: number): Reading {
    this.provenSize = this.#offset + rest.length;
    this.sights = 0;
    if (rest.length === 0) {
      this.partial = undefined;
      return { kind: 'end' };
    }
    if (this.finished) return { kind: 'chunk', chunk: this.#advance(rest, 'final', nowMs) };
    if (!this.#isDue(rest.length, monotonicMs)) return { kind: 'end' };
    return { kind: 'chunk', chunk: this.#advance(rest, 'waiting', nowMs) };
  }

  #advance(bytes: Buffer, ending: ChunkEnding, readAtMs: number, hole = 0): Chunk {
    const from = this.position;
    if (hole > 0) this.#before.appendHole(hole);
    else if (bytes.length > 0) this.#before.append(bytes);
    if (bytes.length + hole > 0) {
      this.partial = undefined;
      this.provenSize = undefined;
    }
    this.#offset += bytes.length + hole;
    this.#holeBytes += hole;
    this.#insideLine = insideLineAfter(this.#insideLine, bytes, from.offset, ending);
    this.#journalPath = this.path;
    this.#longLine = false;
    this.moved = false;
    this.journaled = true;
    const to: Position = this.gone ? { ...this.position, gone: true } : this.position;
    this.#doubledHour = undefined;
    return { from, to, bytes, ending, readAtMs, ...(hole > 0 && { hole }) };
  }
}

/** Where a tail's text is: in sight, held open out of sight, or nowhere. */
export type Place =
  /** At `path`, as last seen. */
  | { readonly name: 'placed'; readonly key: FileKey; readonly size: number; readonly stamp: string }
  /** Out of sight, deleted or moved; read on through the open descriptor. `sinceMs`: when it last changed. */
  | {
      readonly name: 'unlinked';
      readonly key: FileKey;
      readonly size: number;
      readonly stamp: string;
      readonly sinceMs: number;
    }
  /** Nowhere; kept in mind for a copy that may still appear. */
  | Lost;

export interface Lost {
  readonly name: 'lost';
  readonly sinceMs: number;
  readonly reason: LossReason;
  /** How long the text is known to have been. */
  readonly size: number | undefined;
  /** Whether text may be missing although no size is known. */
  readonly doubtful: boolean;
  /** Whether the loss, if it is one, has been told. */
  readonly told: boolean;
}

/** What of a `stat` changes when the text does. */
export function stampOf(stats: Pick<Seen['stats'], 'size' | 'mtimeMs' | 'ctimeMs'>): string {
  return `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}`;
}
