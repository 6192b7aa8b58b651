/** What is known at one place in the journal: where every tail stands, and the last message before it. */

import type { Files } from '../../lib/files.js';
import type { MessageName, NewEntry } from '../../model/entry.js';
import type { Position, TailId } from '../../model/position.js';
import type { Seed } from '../format/entry.js';
import { walk } from '../format/scan.js';
import type { SegmentHead } from '../format/segment.js';
import { readSegment, readSegmentHead, type Segment, type Segments } from './segments.js';

export interface Standing {
  readonly positions: ReadonlyMap<TailId, Position>;
  readonly last: MessageName | undefined;
  /** How many messages were ever put into the journal up to here. */
  readonly messages: number;
}

export const NOWHERE: Standing = { positions: new Map(), last: undefined, messages: 0 };

export function standingOf({ positions, last, messages }: SegmentHead): Standing {
  return { positions: new Map(positions.map((position) => [position.tailId, position])), last, messages };
}

/** As it is now. A `Stand` has nothing of its own that an object spread would take along. */
export function copyOf({ positions, last, messages }: Standing): Standing {
  return { positions: new Map(positions), last, messages };
}

/** Steps over entries one by one, and stands behind the last. */
export class Stand implements Standing {
  readonly #positions: Map<TailId, Position>;
  #last: MessageName | undefined;
  #messages: number;

  constructor({ positions, last, messages }: Standing) {
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
export async function standingBefore(
  segment: Segment,
  { segments, files, seed }: { segments: Segments; files: Files; seed: Seed },
): Promise<Standing | undefined> {
  if (segment.known !== undefined) {
    const { head } = await readSegmentHead(segment.path, files);
    if (head !== undefined) return standingOf(head);
  }
  const earlier = segments.before(segment);
  if (earlier === undefined) return undefined;
  const stand = new Stand((await standingBefore(earlier, { segments, files, seed })) ?? NOWHERE);
  const bytes = await readSegment(earlier, files);
  const { start, first } = earlier;
  for (const step of walk(bytes, { start, first, limit: segment.first, seed })) {
    if (step.kind === 'entry') stand.pass(step.entry);
  }
  return stand;
}
