/**
 * An open file that one Sources leaves to the next, when the configuration is
 * read again: it may have been deleted, and then nothing else leads to its text.
 */
import type { Position } from '../model/position.js';
import type { Content } from './content.js';
import type { Descriptors } from './descriptors.js';
import type { Tails } from './tails.js';

export interface HeldFile {
  readonly position: Position;
  readonly content: Content;
}

/** Gives each file to the tail that it was read for, if that still is and its text holds; closes the others. */
export async function takeUp(
  files: readonly HeldFile[],
  tails: Tails,
  descriptors: Descriptors,
  nowMs: number,
): Promise<void> {
  for (const { position, content } of files) {
    const tail = tails.byId(position.tailId);
    const stats = tail && (await content.stat());
    if (tail === undefined || stats === undefined || !(await tail.adopt(content))) await content.close();
    else {
      descriptors.keep(tail);
      tails.hold(tail, stats, nowMs);
    }
  }
}
