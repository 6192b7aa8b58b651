/**
 * "The same content?": SHA-256 of the first and of the last min(4 KiB, offset)
 * bytes before a position both match. Answers by reading at most 8 KiB, except
 * in a compressed file, which must be unpacked up to the position.
 */
import { hash } from 'node:crypto';
import type { FileIdentity } from '../../model/position.js';
import type { FoundFile } from '../find/snapshot.js';
import type { Content } from './content.js';

export const MARK_BYTES = 4096;

/** The bytes that stand for a text up to an offset. */
export interface Marks {
  /** The first min(4 KiB, offset) bytes. */
  readonly head: Buffer;
  /** The last min(4 KiB, offset) bytes before the offset. */
  readonly last: Buffer;
}

export const NO_MARKS: Marks = { head: Buffer.alloc(0), last: Buffer.alloc(0) };

/** For a tail of which nothing has been read: there is nothing to compare, and nothing to lose by a mistake. */
export function isSameFile(identity: FileIdentity, { ino, dev, birthtimeMs }: FoundFile['stats']): boolean {
  return identity.inode === ino && identity.device === dev && identity.birthtimeMs === birthtimeMs;
}

/** Whether the file proves that its file system keeps birth times. One that does not gives none, or the time of the last change. */
export function hasOwnBirthTime({ birthtimeMs, ctimeMs }: FoundFile['stats']): boolean {
  return birthtimeMs > 0 && birthtimeMs !== ctimeMs;
}

/** Whether an inode was used again, on a file system that keeps birth times. */
export function isAnotherFile({ birthtimeMs }: FileIdentity, now: FoundFile['stats']): boolean {
  return birthtimeMs > 0 && now.birthtimeMs !== birthtimeMs;
}

export function fileIdentity({
  ino,
  dev,
  birthtimeMs,
  mtimeMs,
}: FoundFile['stats']): Omit<FileIdentity, 'head' | 'last'> {
  return { inode: ino, device: dev, birthtimeMs, mtimeMs };
}

/** As a position keeps it; empty at offset 0. */
export function digest(bytes: Buffer): string {
  return bytes.length === 0 ? '' : hash('sha256', bytes);
}

/** `undefined`: the text is shorter than `offset`. */
export async function marksAt(content: Content, offset: number): Promise<Marks | undefined> {
  const length = Math.min(MARK_BYTES, offset);
  const head = await content.read(0, length);
  if (head.length < length) return undefined;
  if (offset === length) return { head, last: head };
  const last = await content.read(offset - length, length);
  return last.length < length ? undefined : { head, last };
}

/** The marks behind `bytes`, which follow those that `marks` stands for; copied, so that a chunk does not live on in them. */
export function marksAfter({ head, last }: Marks, bytes: Buffer): Marks {
  const end = bytes.length >= MARK_BYTES ? bytes : Buffer.concat([last, bytes]);
  return {
    head: head.length < MARK_BYTES ? Buffer.concat([head, bytes.subarray(0, MARK_BYTES - head.length)]) : head,
    last: Buffer.from(end.subarray(-MARK_BYTES)),
  };
}

/**
 * The marks at `offset`, when the text there is the one that the identity was taken of. A head that has become a hole
 * since (fallocate --punch-hole frees what has been read) is let pass.
 */
export async function sameContent(
  content: Content,
  identity: Pick<FileIdentity, 'head' | 'last'>,
  offset: number,
): Promise<Marks | undefined> {
  const length = Math.min(MARK_BYTES, offset);
  // The head alone decides most cases, without unpacking a compressed file to its end.
  const head = await content.read(0, length);
  const isSame = digest(head) === identity.head;
  if (head.length < length || (!isSame && !isPunched(head, offset))) return undefined;
  const marks = await marksAt(content, offset);
  if (marks === undefined || digest(marks.last) !== identity.last) return undefined;
  return isSame || !isHole(marks.last) ? marks : undefined;
}

/** Whether these first bytes may be a hole in the head of a text that is known by its last bytes before `offset`, too. */
export function isPunched(head: Buffer, offset: number): boolean {
  return offset > MARK_BYTES && head.length === MARK_BYTES && isHole(head);
}

/** Nothing but NULs: what a hole in a file reads as. */
export function isHole(bytes: Buffer): boolean {
  return bytes.length > 0 && bytes.every((byte) => byte === 0);
}

/** Whether the shorter of two texts is the beginning of the other, judged by head and last bytes of the shorter. */
export async function oneBeginsTheOther(a: Content, b: Content, aLength: number, bLength: number): Promise<boolean> {
  const shorter = Math.min(aLength, bLength);
  const [marksA, marksB] = [await marksAt(a, shorter), await marksAt(b, shorter)];
  if (marksA === undefined || marksB === undefined) return false;
  return marksA.head.equals(marksB.head) && marksA.last.equals(marksB.last);
}
