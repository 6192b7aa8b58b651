/**
 * Scans a segment's bytes and finds every valid entry, whatever lies between
 * them. Pure and total. An entry is valid when both its CRCs fit and its number is above the one before it and below that of the
 * next segment; after damage the search goes on at the next such entry.
 */
import {
  decodeEntryBody,
  decodeEntryHead,
  ENTRY_HEAD_BYTES,
  ENTRY_MAGIC,
  type EntryHead,
  type Seed,
  type StoredEntry,
} from './entry.js';

export interface Bounds {
  /** Where the entries begin: the length of the segment's head, 0 when that is illegible. */
  readonly start: number;
  /** The number of the first entry, by the file's name. */
  readonly first: number;
  /** Numbers from here on belong to the next segment. */
  readonly limit: number;
  readonly seed: Seed;
}

export type Step =
  | { readonly kind: 'entry'; readonly entry: StoredEntry; readonly offset: number }
  | ({ readonly kind: 'hole' } & Hole);

/** Bytes from `offset` to `end` (there may be none) where the entries `firstEntry` to `lastEntry` should be (there may be none). */
export interface Hole {
  readonly offset: number;
  readonly end: number;
  readonly firstEntry: number;
  /** Below `firstEntry` when only bytes are damaged that held no entry; `undefined` when nothing tells. */
  readonly lastEntry: number | undefined;
  /** Heads that are legible although their entries are not. */
  readonly legible: readonly EntryHead[];
  /** It looks like a write that was cut short: an ordinary crash, not damage. */
  readonly torn: boolean;
}

export function* scanSegment(bytes: Buffer, { start, first, limit, seed }: Bounds): Generator<Step, void> {
  let number = first - 1;
  let holeAt: number | undefined;
  let legible: EntryHead[] = [];
  for (let at = start; at < bytes.length; ) {
    const head = decodeEntryHead(bytes, at, seed);
    const believed = head !== undefined && head.number > number && head.number < limit && fits(head, bytes.length - at);
    const entry = believed ? decodeEntryBody(bytes, at, head, seed) : undefined;
    if (entry !== undefined) {
      if (holeAt !== undefined || entry.number !== number + 1) {
        const offset = holeAt ?? at;
        yield {
          kind: 'hole',
          offset,
          end: at,
          firstEntry: number + 1,
          lastEntry: entry.number - 1,
          legible,
          torn: false,
        };
        holeAt = undefined;
        legible = [];
      }
      yield { kind: 'entry', entry, offset: at };
      number = entry.number;
      at += entry.bytes;
      continue;
    }
    holeAt ??= at;
    if (believed && head.number > (legible.at(-1)?.number ?? 0)) {
      legible.push(head);
      at += head.bytes;
    } else {
      const next = bytes.indexOf(ENTRY_MAGIC, at + 1);
      at = next === -1 ? bytes.length : next;
    }
  }
  const reached = legible.at(-1)?.number ?? number;
  const lastEntry = limit === Number.POSITIVE_INFINITY ? undefined : limit - 1;
  if (holeAt === undefined && (lastEntry === undefined || reached >= lastEntry)) return;
  const offset = holeAt ?? bytes.length;
  const torn = lastEntry === undefined && isTorn(bytes, offset, seed);
  yield { kind: 'hole', offset, end: bytes.length, firstEntry: number + 1, lastEntry, legible, torn };
}

function fits(head: EntryHead, available: number): boolean {
  return head.bytes <= available && head.bytes >= ENTRY_HEAD_BYTES + head.positionBytes;
}

/** Half a head, a whole head with half an entry, or blocks that were allocated and never filled. */
function isTorn(bytes: Buffer, offset: number, seed: Seed): boolean {
  const rest = bytes.subarray(offset);
  const head = decodeEntryHead(rest, 0, seed);
  if (head !== undefined) return head.bytes > rest.length;
  if (rest.length < ENTRY_HEAD_BYTES && rest.subarray(0, 4).equals(ENTRY_MAGIC.subarray(0, rest.length))) return true;
  return isZero(rest);
}

/** In pieces: byte by byte a segment of zeros would take a second. */
function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const piece = bytes.subarray(at, at + ZEROS.length);
    if (!piece.equals(ZEROS.subarray(0, piece.length))) return false;
  }
  return true;
}

const ZEROS = Buffer.alloc(64 * 1024);
