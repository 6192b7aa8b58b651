/**
 * Gives the log files in a journal other paths, as if they had always been there:
 * a journal that was written elsewhere can be continued in a test's directory.
 * Everything else stays byte for byte as it was written.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeEntry, seedOf } from '../../src/journal/format/entry.js';
import { scanSegment } from '../../src/journal/format/scan.js';
import { decodeSegmentHead, encodeSegmentHead, type SegmentHead } from '../../src/journal/format/segment.js';
import type { Position } from '../../src/model/position.js';

/** `moved` gives the new path for the old one. */
export function relocateJournal(directory: string, moved: (path: string) => string): void {
  const segments = join(directory, 'segments');
  const ends = new Map<number, number>();
  for (const name of readdirSync(segments).sort()) {
    const { head, bytes } = relocated(readFileSync(join(segments, name)), moved, ends);
    ends.set(head.first, bytes.length);
    writeFileSync(join(segments, name), bytes, { mode: 0o600 });
  }
}

/** `ends`: where the segments before end now, by the number of their first entry. */
export function relocated(
  segment: Buffer,
  moved: (path: string) => string,
  ends: ReadonlyMap<number, number> = new Map(),
): { readonly head: SegmentHead; readonly bytes: Buffer } {
  const at = (position: Position): Position => ({ ...position, path: moved(position.path) });
  const decoded = decodeSegmentHead(segment);
  if (decoded.kind !== 'head') throw new Error(`the head of the segment is ${decoded.kind}`);
  const { previous } = decoded.head;
  const end = previous && ends.get(previous.first);
  const head = {
    ...decoded.head,
    ...(end !== undefined && previous && { previous: { ...previous, end } }),
    positions: decoded.head.positions.map(at),
  };
  const seed = seedOf(head.journal);
  const parts: Buffer[] = [encodeSegmentHead(head)];
  const bounds = { start: decoded.bytes, first: head.first, limit: Number.POSITIVE_INFINITY, seed };
  for (const step of scanSegment(segment, bounds)) {
    if (step.kind === 'hole') throw new Error(`the segment is damaged at ${step.offset}`);
    const { number, writtenAtMs, to, frames } = step.entry;
    const own = to === undefined;
    const entry = to === undefined ? step.entry : { ...step.entry, to: at(to) };
    parts.push(encodeEntry(entry, { number, own, writtenAtMs, seed }), frames);
  }
  return { head, bytes: Buffer.concat(parts) };
}
