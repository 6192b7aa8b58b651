/**
 * The text before a tail's offset, remembered by its first and last bytes: in
 * memory while the file is open, as digests in the position. What is read
 * comes only with the proof that this text still stands before it.
 */
import type { FileIdentity } from '../model/position.js';
import type { Content } from './content.js';
import { digest, MARK_BYTES, type Marks, marksAfter, NO_MARKS, sameContent } from './identity.js';
import { ReadText } from './read-text.js';

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
    this.#marks = marks;
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
    const same = this.#marks.last.equals(text.subarray(0, overlap)) && this.#marks.head.equals(head);
    return same ? text.subarray(overlap) : { kind: 'changed', shorter: false };
  }

  /** `bytes` have been read behind it. */
  append(bytes: Buffer): void {
    const { head } = this.#marks;
    this.#marks = marksAfter(this.#marks, bytes);
    const headDigest = this.#marks.head === head ? this.identity.head : digest(this.#marks.head);
    this.identity = { ...this.identity, head: headDigest, last: digest(this.#marks.last) };
    this.#known.append(bytes, this.#marks.head, this.identity.last);
  }
}
