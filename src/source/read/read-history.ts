/**
 * What is remembered, while it is worth it, of a text that was read: its first
 * bytes, its newest, and a mark at the end of each of the last reads. It tells
 * of a shorter text, a copy made while the log was still written to, how much
 * of it has been read for certain. Equal beginnings prove nothing: logs may
 * share a header, and holes are all alike.
 */
import type { ByteOffset, FileIdentity } from '../../model/position.js';
import type { Content } from './content.js';
import {
  digest,
  isHole,
  isPunched,
  MARK_BYTES,
  type Marks,
  marksAfter,
  marksAt,
  NO_MARKS,
  sameContent,
} from './fingerprint.js';

interface Mark {
  readonly offset: ByteOffset;
  /** Digest of the last bytes before it. */
  readonly last: string;
}

// What is written in the moment between copytruncate's copy and its truncation.
const NEWEST_BYTES = 64 * 1024;
const MAX_MARKS = 64;
const STEP_BYTES = 64 * 1024;
const LF = 0x0a;

export class ReadText {
  #end: ByteOffset;
  #head: Buffer;
  readonly #newest: Buffer[];
  #newestBytes: number;
  readonly #marks: Mark[] = [];

  /** Known so far by its marks at `end`. */
  constructor(end: ByteOffset, { head, last }: Marks) {
    this.#end = end;
    this.#head = head;
    this.#newest = [last];
    this.#newestBytes = last.length;
  }

  /** `bytes` have been read behind what was read before, or are the last of `length`; `head` and the digest `last` stand for all up to their end. */
  append(bytes: Buffer, head: Buffer, last: string, length = bytes.length): void {
    this.#head = head;
    this.#end += length;
    // A copy, so that what was read does not live on in a part of it.
    const newest = Buffer.from(bytes.subarray(-NEWEST_BYTES));
    this.#newestBytes += newest.length;
    this.#newest.push(newest);
    while (this.#newestBytes - this.#newest[0]!.length >= NEWEST_BYTES) {
      this.#newestBytes -= this.#newest.shift()!.length;
    }
    if (bytes.at(-1) !== LF) return;
    this.#marks.push({ offset: this.#end, last });
    if (this.#marks.length > MAX_MARKS) this.#marks.shift();
  }

  /** How many bytes of a text that ends before this one does have been read: all, up to the end of a line, or none. */
  async partOf(content: Content): Promise<ByteOffset> {
    const start = await content.read(0, MARK_BYTES);
    if (start.length === 0) return 0;
    if (start.length > this.#head.length || !start.equals(this.#head.subarray(0, start.length))) return 0;
    const length = await lengthBelow(content, this.#end);
    if (length === undefined || length <= start.length) return length ?? 0;
    const newestFrom = this.#end - this.#newestBytes;
    if (length - newestFrom >= MARK_BYTES || newestFrom <= MARK_BYTES) {
      const newest = Buffer.concat(this.#newest).subarray(0, length - newestFrom);
      return newest.equals(await content.read(newestFrom, newest.length)) ? length : 0;
    }
    const mark = this.#marks.findLast(({ offset }) => offset <= length);
    const marks = mark && (await marksAt(content, mark.offset));
    return marks !== undefined && digest(marks.last) === mark?.last ? mark.offset : 0;
  }
}

/** `undefined`: the text is as long as `end`, or longer. */
async function lengthBelow(content: Content, end: ByteOffset): Promise<ByteOffset | undefined> {
  if (!content.compressed) {
    const { size } = await content.stat();
    return size < end ? size : undefined;
  }
  let length = 0;
  for (let read = -1; read !== 0 && length < end; length += read)
    read = (await content.read(length, STEP_BYTES)).length;
  return length < end ? length : undefined;
}

/*
 * The text before a tail's offset, remembered by its first and last bytes: in
 * memory while the file is open, as digests in the position. What is read
 * comes only with the proof that this text still stands before it.
 */

/** The text is another one. */
export interface Changed {
  readonly kind: 'changed';
  readonly shorter: boolean;
}

export class TextBefore {
  #marks: Marks = NO_MARKS;
  #known = new ReadText(0, NO_MARKS);

  constructor(public identity: FileIdentity) {}

  /** What of it is in memory. */
  get known(): ReadText {
    return this.#known;
  }

  forget(): void {
    this.#marks = NO_MARKS;
    this.#known = new ReadText(0, NO_MARKS);
  }

  /** Whether it stands in this file up to `offset`; if so, it is in memory from now on. */
  async recall(content: Content, offset: number): Promise<boolean> {
    const marks = await sameContent(content, this.identity, offset);
    if (marks === undefined) return false;
    this.#take(marks);
    this.#known = new ReadText(offset, marks);
    return true;
  }

  /** Up to `limit` bytes from `offset` on, once what stands before them has been compared. */
  async read(content: Content, offset: number, limit: number): Promise<Buffer | Changed> {
    const overlap = Math.min(MARK_BYTES, offset);
    if (this.#marks.last.length !== overlap && !(await this.recall(content, offset)))
      return { kind: 'changed', shorter: false };
    const text = await content.read(offset - overlap, overlap + limit);
    if (text.length < overlap) return { kind: 'changed', shorter: true };
    // Read last, so that a file truncated and written anew meanwhile is noticed, too.
    const head = await content.read(0, overlap);
    const { last } = this.#marks;
    if (!last.equals(text.subarray(0, overlap))) return { kind: 'changed', shorter: false };
    if (!this.#marks.head.equals(head)) {
      if (!isPunched(head, offset) || isHole(last)) return { kind: 'changed', shorter: false };
      this.#take({ head, last });
    }
    return text.subarray(overlap);
  }

  /** The head may have become a hole. */
  #take(marks: Marks): void {
    this.#marks = marks;
    if (isPunched(marks.head, Number.POSITIVE_INFINITY)) this.identity = { ...this.identity, head: digest(marks.head) };
  }

  /** So many NUL bytes have been read behind it. */
  appendHole(length: number): void {
    this.append(Buffer.alloc(Math.min(length, NEWEST_BYTES)), length);
  }

  /** `bytes` have been read behind it, or are the last of `length`. */
  append(bytes: Buffer, length = bytes.length): void {
    const { head } = this.#marks;
    this.#marks = marksAfter(this.#marks, bytes);
    const headDigest = this.#marks.head === head ? this.identity.head : digest(this.#marks.head);
    this.identity = { ...this.identity, head: headDigest, last: digest(this.#marks.last) };
    this.#known.append(bytes, this.#marks.head, this.identity.last, length);
  }
}
