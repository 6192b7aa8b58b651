/** A checkpoint is what is known at one place in the journal: the position of every tail, and the last message before it. */

import type { Files } from '../../lib/files.js';
import type { MessageName, NewEntry } from '../../model/entry.js';
import type { Position, TailId } from '../../model/position.js';
import type { Seed } from '../format/entry.js';
import { scanSegment } from '../format/scan.js';
import type { SegmentHead } from '../format/segment.js';
import { readSegment, readSegmentHead, type Segment, type Segments } from './segments.js';

export interface Checkpoint {
  readonly positions: ReadonlyMap<TailId, Position>;
  readonly last: MessageName | undefined;
  /** How many messages were ever put into the journal up to here. */
  readonly messages: number;
}

export const EMPTY_CHECKPOINT: Checkpoint = { positions: new Map(), last: undefined, messages: 0 };

export function checkpointOf({ positions, last, messages }: SegmentHead): Checkpoint {
  return { positions: new Map(positions.map((position) => [position.tailId, position])), last, messages };
}

/** As it is now. A `RunningCheckpoint` has nothing of its own that an object spread would take along. */
export function copyOf({ positions, last, messages }: Checkpoint): Checkpoint {
  return { positions: new Map(positions), last, messages };
}

/** The checkpoint behind the last entry that was passed to it. */
export class RunningCheckpoint implements Checkpoint {
  readonly #positions: Map<TailId, Position>;
  #last: MessageName | undefined;
  #messages: number;

  constructor({ positions, last, messages }: Checkpoint) {
    this.#positions = new Map(positions);
    this.#last = last;
    this.#messages = messages;
  }

  get positions(): ReadonlyMap<TailId, Position> {
    return this.#positions;
  }

  get last(): MessageName | undefined {
    return this.#last;
  }

  get messages(): number {
    return this.#messages;
  }

  pass({ to, first, count }: NewEntry): void {
    if (to?.gone) this.#positions.delete(to.tailId);
    else if (to !== undefined) this.#positions.set(to.tailId, to);
    if (count > 0) this.#last = { run: first.run, seq: first.seq + count - 1 };
    this.#messages += count;
  }
}

/** From the segment's own head, or, when that is illegible, from the segments before; undefined when nothing tells. */
export async function checkpointBefore(
  segment: Segment,
  { segments, files, seed }: { segments: Segments; files: Files; seed: Seed },
): Promise<Checkpoint | undefined> {
  if (segment.known !== undefined) {
    const { head } = await readSegmentHead(segment.path, files);
    if (head !== undefined) return checkpointOf(head);
  }
  const earlier = segments.before(segment);
  if (earlier === undefined) return undefined;
  const checkpoint = new RunningCheckpoint(
    (await checkpointBefore(earlier, { segments, files, seed })) ?? EMPTY_CHECKPOINT,
  );
  const bytes = await readSegment(earlier, files);
  const { start, first } = earlier;
  for (const step of scanSegment(bytes, { start, first, limit: segment.first, seed })) {
    if (step.kind === 'entry') checkpoint.pass(step.entry);
  }
  return checkpoint;
}
