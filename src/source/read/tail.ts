/**
 * A tail: one file identity, read forward from an offset. Every read proves
 * first that the text before the offset is still the one that was read, so
 * that a truncated or overwritten file is never taken for a grown one; the
 * file's size is never trusted for that.
 */
import type { Chunk, ChunkEnding } from '../../model/line.js';
import type { ByteOffset, DoubledHour, InsideLine, Position, TailId } from '../../model/position.js';
import { isCompressed } from '../find/rotated-name.js';
import type { FileKey, FoundFile } from '../find/snapshot.js';
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
  /** `toEnd`: it ends where the file did at the read. */
  | { readonly kind: 'chunk'; readonly chunk: Chunk; readonly toEnd?: boolean }
  /** Nothing to hand out before the file changes or the partial line is due. */
  | { readonly kind: 'end' }
  | Changed;

export class Tail {
  readonly id: TailId;
  readonly source: string;
  readonly age: number;
  readonly bornLook: number;
  #lineage: string;
  #path: string;
  #place: Place;
  #content: Content | undefined;
  #ready = false;
  #wakes = 0;
  #moved = false;
  #gone = false;
  #ended: boolean;
  #finished = false;
  #blocked: string | undefined;
  #damage: string | undefined;
  #homeDevice: number | undefined;
  #journaled: boolean;
  #partial: { readonly length: number; readonly sinceMs: number } | undefined;
  #provenSize: number | undefined;
  #sights = 0;
  /** How long the file was when it was last seen with its own text. */
  #seenSize = 0;
  #offsetAtSight = 0;
  #lostText: ReadText | undefined;
  #stands = false;
  #offset: ByteOffset;
  #insideLine: InsideLine | undefined;
  #doubledHour: DoubledHour | undefined;
  #journalPath: string;
  readonly #before: TextBefore;
  #longLine = false;
  #holeBytes = 0;

  constructor(
    /** Where it stood when this program first knew it. */
    readonly first: Position,
    readonly limits: TailLimits,
    options: TailOptions,
  ) {
    this.id = first.tailId;
    this.source = first.source;
    this.age = options.age;
    this.bornLook = options.bornLook;
    this.#path = first.path;
    this.#lineage = options.lineage;
    this.#place = options.place;
    this.#journaled = options.journaled;
    this.#ended = first.ended === true;
    this.#offset = first.offset;
    this.#insideLine = first.insideLine;
    this.#doubledHour = first.doubledHour;
    this.#before = new TextBefore(first.identity);
    this.#journalPath = first.path;
  }

  /** Tails of one lineage are generations of one log, read in order of age. */
  get lineage(): string {
    return this.#lineage;
  }

  get path(): string {
    return this.#path;
  }

  get place(): Place {
    return this.#place;
  }

  /** Its open file. */
  get content(): Content | undefined {
    return this.#content;
  }

  /** Something may be readable. */
  get ready(): boolean {
    return this.#ready;
  }

  /** How often it was said to be: what is said while a read is under way must not be forgotten at its end. */
  get wakes(): number {
    return this.#wakes;
  }

  /** The journal should learn of a new path, or of an end. */
  get moved(): boolean {
    return this.#moved;
  }

  /** The journal should learn that it is forgotten. */
  get gone(): boolean {
    return this.#gone;
  }

  /** What became of the rest of its lost file is known. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The text can grow no more: its last line is whole without a newline. */
  get finished(): boolean {
    return this.#finished;
  }

  /** Why the file cannot be opened or read, the system's code. */
  get blocked(): string | undefined {
    return this.#blocked;
  }

  /** What is wrong with a compressed file. */
  get damage(): string | undefined {
    return this.#damage;
  }

  /** Of the directory that the log lies in, as last seen: tells a missing file from a missing volume. */
  get homeDevice(): number | undefined {
    return this.#homeDevice;
  }

  /** Whether the journal can know this tail. */
  get journaled(): boolean {
    return this.#journaled;
  }

  /** A last line without newline: how long it is, and since when. */
  get partial(): { readonly length: number; readonly sinceMs: number } | undefined {
    return this.#partial;
  }

  /** How long the text was when a read last came to its end; `undefined` while more is known to follow. */
  get provenSize(): number | undefined {
    return this.#provenSize;
  }

  /** How long the text is known to have been, at least. */
  get knownSize(): number {
    return Math.max(this.#place.size ?? 0, this.#provenSize ?? 0);
  }

  /** All has been read that is known to have been its text. */
  get isDelivered(): boolean {
    if (this.#offset === 0 || this.#provenSize !== this.#offset) return false;
    return isCompressed(this.#path) ? this.#finished : this.#seenSize <= this.#offset;
  }

  /** How often the file has been seen to change since a read last came to its end. */
  get sights(): number {
    return this.#sights;
  }

  /** How far it had been read when its size was last seen to change. */
  get offsetAtSight(): ByteOffset {
    return this.#offsetAtSight;
  }

  /** What was known of the text when the file was lost, to know a shorter copy by. */
  get lostText(): ReadText | undefined {
    return this.#lostText;
  }

  /** It holds the text of a tail that was lost before it was read. */
  get stands(): boolean {
    return this.#stands;
  }

  get offset(): ByteOffset {
    return this.#offset;
  }

  /** NUL bytes skipped as holes since this program first knew it. */
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
      ...(this.#ended ? { ended: true } : {}),
    };
  }

  /** A log that somebody has renamed into another log is a generation of that one. */
  join(lineage: string): void {
    this.#lineage = lineage;
  }

  /** Takes up a file whose text has been shown to continue this tail, or that was seen to be the same file. */
  settle(file: FoundFile, path: string): void {
    this.#before.identity = { ...this.identity, ...fileIdentity(file.stats) };
    this.#place = { name: 'placed', key: file.key, size: file.stats.size, stamp: stampOf(file.stats) };
    this.#seenSize = file.stats.size;
    this.#finished = false;
    this.#path = path;
    this.#moved ||= this.#journaled && (this.#ended || this.#journalPath !== path);
    this.#ended = false;
  }

  /** The file has changed where it is; `isText`: its text is known not to be another one. */
  sight(stats: FoundFile['stats'], isText: boolean): void {
    if (this.#place.name === 'lost') return;
    if (isText) this.#seenSize = stats.size;
    this.#before.identity = { ...this.identity, ...fileIdentity(stats) };
    this.#place = { ...this.#place, size: stats.size, stamp: stampOf(stats) };
    // As long as reading found it already: nothing new.
    if (stats.size !== this.#provenSize) this.#sights++;
    this.#offsetAtSight = this.#offset;
  }

  /** The file is out of sight, and open. */
  unlink(key: FileKey, stats: FoundFile['stats'], nowMs: number): void {
    this.#place = { name: 'unlinked', key, size: stats.size, stamp: stampOf(stats), sinceMs: nowMs };
  }

  /** The file has changed out of sight. */
  sightUnlinked(stats: FoundFile['stats'], nowMs: number): void {
    if (this.#place.name !== 'unlinked') return;
    if (stats.size !== this.#place.size) this.#finished = false;
    this.unlink(this.#place.key, stats, nowMs);
  }

  /** It has no file any more. */
  lose(loss: Pick<Lost, 'reason' | 'size' | 'doubtful'>, nowMs: number): void {
    this.#ready = false;
    this.#partial = undefined;
    this.#place = { name: 'lost', sinceMs: nowMs, told: false, ...loss };
  }

  /** Its loss has been told. */
  tell(): void {
    if (this.#place.name === 'lost') this.#place = { ...this.#place, told: true };
  }

  wake(): void {
    this.#ready = true;
    this.#wakes++;
  }

  /** Nothing can be read now; `wakes`: unless it was woken since it had been so often. */
  rest(wakes = this.#wakes): void {
    if (this.#wakes === wakes) this.#ready = false;
  }

  /** As `rest`, for a live file of which all has been read that it was seen to hold: what is written from now on is seen. */
  restAtEnd(wakes: number): void {
    const place = this.#place;
    if (place.name === 'placed' && this.#offset >= place.size && this.#content?.compressed === false) this.rest(wakes);
  }

  /** The journal is to learn where it stands. */
  tellPosition(): void {
    this.#moved = true;
  }

  finish(): void {
    this.#finished = true;
  }

  /** The journal is to forget it. */
  forget(): void {
    this.#gone = true;
  }

  block(code: string | undefined): void {
    this.#blocked = code;
  }

  damagedBy(reason: string): void {
    this.#damage = reason;
  }

  seenAtHome(device: number | undefined): void {
    this.#homeDevice = device;
  }

  standFor(_other: Tail): void {
    this.#stands = true;
  }

  forgetText(): void {
    this.#lostText = undefined;
  }

  /** What became of the rest of its file is known: worth remembering, for after a restart nobody could tell. */
  end(): void {
    this.#moved ||= this.#journaled && !this.#ended;
    this.#ended = true;
  }

  /** Keeps an opened file. Answers whether its text continues this tail; if not, the content stays the caller's. */
  async adopt(content: Content): Promise<boolean> {
    if (!(await this.#before.recall(content, this.#offset))) return false;
    this.#lostText = undefined;
    this.#content = content;
    return true;
  }

  /** Whether the text that was read is still there, as reading on would find out. */
  async stillHolds(): Promise<boolean> {
    return this.#content !== undefined && (await sameContent(this.#content, this.identity, this.#offset)) !== undefined;
  }

  async release(): Promise<void> {
    await this.detach()?.close();
  }

  /** Lets go of the open file, which is the caller's from now on. */
  detach(): Content | undefined {
    const content = this.#content;
    this.#content = undefined;
    this.#lostText = this.#before.known;
    this.#before.forget();
    return content;
  }

  /** Reads the next chunk through `content`. Rejects with the system's error. */
  async read(nowMs: number, monotonicMs: number): Promise<Reading> {
    const content = this.#content!;
    const { maxLineBytes } = this.limits;
    const limit = Math.max(HOLE_BYTES, this.#longLine ? maxLineBytes + 2 : Math.min(READ_BYTES, maxLineBytes + 2));
    const window = await this.#before.read(content, this.#offset, limit);
    if ('kind' in window) return window;
    const cut = cutLines(window, maxLineBytes, this.#insideLine !== undefined);
    if (cut?.ending === 'hole') return this.#atHole(content, nowMs, monotonicMs);
    if (cut) {
      const toEnd = window.length < limit && cut.end === window.length;
      return { kind: 'chunk', chunk: this.#advance(window.subarray(0, cut.end), cut.ending, nowMs), toEnd };
    }
    if (window.length === limit) {
      this.#longLine = true;
      return this.read(nowMs, monotonicMs);
    }
    return this.#atEnd(window, nowMs, monotonicMs);
  }

  /** Notes that all has been read that the file was ever seen to hold. */
  reachedSeenEnd(): void {
    if (this.#place.name === 'lost' || this.#offset < this.#place.size) return;
    this.#provenSize = this.#offset;
    this.#sights = 0;
  }

  /** A chunk without bytes that only says where the tail is now, or that it is gone. */
  announce(nowMs: number): Chunk {
    return this.#advance(Buffer.alloc(0), this.#gone && this.#insideLine !== undefined ? 'final' : 'newline', nowMs);
  }

  /** The journal stands elsewhere: back to `position`, or to where the tail was first seen. */
  rewind(position: Position | undefined, nowMs: number): void {
    const to = position ?? this.first;
    this.#journaled = position !== undefined;
    this.#offset = to.offset;
    this.#insideLine = to.insideLine;
    this.#doubledHour = to.doubledHour;
    this.#before.identity = { ...this.identity, head: to.identity.head, last: to.identity.last };
    this.#journalPath = to.path;
    this.#before.forget();
    this.#longLine = false;
    this.#partial = undefined;
    this.#provenSize = undefined;
    this.#offsetAtSight = Math.min(this.#offsetAtSight, to.offset);
    this.#finished = false;
    this.#ended = this.#place.name === 'lost' && to.ended === true;
    this.#moved = this.#journaled && (to.path !== this.#path || (to.ended === true && !this.#ended));
    this.#gone = false;
    this.#ready = true;
    if (this.#place.name === 'lost') this.#place = { ...this.#place, sinceMs: nowMs, told: false };
  }

  /** Skips it once text follows; one at the end of the file is waited at as for the rest of a line. */
  async #atHole(content: Content, nowMs: number, monotonicMs: number): Promise<Reading> {
    const { bytes, atEnd } = await measureHole(content, this.#offset);
    if (atEnd && !this.#finished && !this.#isDue(bytes, monotonicMs)) {
      this.#provenSize = this.#offset + bytes;
      this.#sights = 0;
      return { kind: 'end' };
    }
    return { kind: 'chunk', chunk: this.#advance(Buffer.alloc(0), 'newline', nowMs, bytes) };
  }

  /** Whether the end of the text has been so for as long as a line without newline is waited for. */
  #isDue(length: number, monotonicMs: number): boolean {
    if (this.#partial?.length !== length) this.#partial = { length, sinceMs: monotonicMs };
    return monotonicMs - this.#partial.sinceMs >= this.limits.partialLineTimeoutMs;
  }

  #atEnd(rest: Buffer, nowMs: number, monotonicMs: number): Reading {
    this.#provenSize = this.#offset + rest.length;
    this.#sights = 0;
    if (rest.length === 0) {
      this.#partial = undefined;
      return { kind: 'end' };
    }
    if (this.#finished) return { kind: 'chunk', chunk: this.#advance(rest, 'final', nowMs) };
    if (!this.#isDue(rest.length, monotonicMs)) return { kind: 'end' };
    return { kind: 'chunk', chunk: this.#advance(rest, 'waiting', nowMs) };
  }

  #advance(bytes: Buffer, ending: ChunkEnding, readAtMs: number, hole = 0): Chunk {
    const from = this.position;
    if (hole > 0) this.#before.appendHole(hole);
    else if (bytes.length > 0) this.#before.append(bytes);
    if (bytes.length + hole > 0) {
      this.#partial = undefined;
      this.#provenSize = undefined;
    }
    this.#offset += bytes.length + hole;
    this.#holeBytes += hole;
    this.#insideLine = insideLineAfter(this.#insideLine, bytes, from.offset, ending);
    this.#journalPath = this.#path;
    this.#longLine = false;
    this.#moved = false;
    this.#journaled = true;
    const to: Position = this.#gone ? { ...this.position, gone: true } : this.position;
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
export function stampOf(stats: Pick<FoundFile['stats'], 'size' | 'mtimeMs' | 'ctimeMs'>): string {
  return `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}`;
}
