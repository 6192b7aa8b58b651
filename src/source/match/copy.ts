/**
 * Whether a file is a copy of another that is followed and still stands: what
 * copytruncate and gzip leave for a moment, and cp for ever.
 */
import { basename } from 'node:path';
import { isLive, isLiveName, lineagesOfFile } from '../find/rotated-name.js';
import type { Seen } from '../find/snapshot.js';
import type { Content } from '../read/content.js';
import { MARK_BYTES, oneBeginsTheOther } from '../read/fingerprint.js';
import type { Descriptors, Opener } from '../read/open-files.js';
import type { Tail } from '../read/tail.js';

const STEP_BYTES = 64 * 1024;

export interface CopyDependencies {
  readonly descriptors: Descriptors;
  readonly opener: Opener;
}

/** A tail that the file is, or may be, a copy of; `holds` is false when the tail's own file has other text by now. */
export type Original =
  | { readonly tail: Tail; readonly holds: true }
  | { readonly tail: Tail; readonly holds: false; readonly shorter: boolean };

/**
 * `candidates`: tails with a file that begins like this one. `unclear` when it cannot be seen now, `undefined`
 * when the file is no copy.
 */
export async function originalOf(
  seen: Seen,
  candidates: readonly Tail[],
  deps: CopyDependencies,
): Promise<Original | 'unclear' | undefined> {
  for (const tail of candidates) {
    const opening = await deps.descriptors.open(tail);
    if (opening.kind === 'changed') return { tail, holds: false, shorter: opening.shorter };
    // What may not be read was not read: nothing can be repeated.
    if (opening.kind === 'blocked' && opening.code !== 'EMFILE') continue;
    if (opening.kind !== 'open') return 'unclear';
    // Asked of the file itself: one that is out of sight may have grown since it was last seen.
    if (tail.offset === 0 && (await tail.content!.stat()).size === 0) continue;
    if (!(await tail.stillHolds())) return { tail, holds: false, shorter: false };
    const same = await deps.opener.use(seen, (content) => repeats(content, seen.stats.size, tail.content!));
    if (same === undefined) return 'unclear';
    if (same) return { tail, holds: true };
  }
  return undefined;
}

/** Whether the file may be a copy of the tail's. */
export function canBeCopyOf(seen: Seen, tail: Tail): boolean {
  const [{ source }] = seen.ways;
  if (tail.place.name === 'lost' || tail.source !== source) return false;
  // What appears under the live name after a rename is the successor, even if it begins alike.
  if (isLive(seen) && !isLiveName(tail.path)) return false;
  const lineages = lineagesOfFile(seen);
  if (!seen.ways.some((way) => way.anyName)) return lineages.has(tail.lineage);
  // Where rotated files go to a directory of their own, the name alone must do.
  return [...lineages].some((lineage) => basename(lineage) === basename(tail.lineage));
}

/** Whether all of a file's text stands in another, too, and perhaps more behind it. */
export async function isCopyIn(file: Seen, whole: Seen, opener: Opener): Promise<boolean> {
  const isCopy = await opener.use(file, (copy) =>
    opener.use(whole, async (original) => {
      if (!(await repeats(copy, file.stats.size, original))) return false;
      const length = await textLength(copy, file.stats.size);
      return length !== undefined && (await original.read(length - 1, 1)).length === 1;
    }),
  );
  return isCopy ?? false;
}

async function repeats(copy: Content, copySize: number, original: Content): Promise<boolean> {
  const originalSize = (await original.stat()).size;
  if (!copy.compressed && !original.compressed) return oneBeginsTheOther(copy, original, copySize, originalSize);
  const [a, b] = [await copy.read(0, MARK_BYTES), await original.read(0, MARK_BYTES)];
  const length = Math.min(a.length, b.length);
  if (length === 0 || !a.subarray(0, length).equals(b.subarray(0, length))) return false;
  const [whole, other] = [await textLength(copy, copySize), await textLength(original, originalSize)];
  // Still being written: by its head it is one, and more of it cannot be asked for yet.
  if (whole === undefined || other === undefined) return true;
  return oneBeginsTheOther(copy, original, whole, other);
}

/** `undefined`: a compressed file that does not end yet. */
async function textLength(content: Content, size: number): Promise<number | undefined> {
  if (!content.compressed) return size;
  let length = 0;
  for (let read = -1; read !== 0; length += read) read = (await content.read(length, STEP_BYTES)).length;
  return (await content.complete()) ? length : undefined;
}
