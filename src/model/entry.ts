/** What the journal stores: frames and the position that they bring a tail to, both or neither. */
import type { ByteOffset, Position } from './position.js';

/** One start of the agent: a random 64-bit id in 16 hex digits. */
export type Run = string;

/** A message is named for ever by the run that made it and its number in that run (from 1, no gaps). */
export interface MessageName {
  readonly run: Run;
  readonly seq: number;
}

/** An entry as it is handed to the journal, which gives it its entry number. */
export interface NewEntry {
  /** Where the tail stood before; `undefined` for the agent's own messages, which come from no file. */
  readonly from: ByteOffset | undefined;
  readonly to: Position | undefined;
  /** The first message in `frames`, or the next that will be made when there is none. */
  readonly first: MessageName;
  /** How many messages `frames` holds; 0 when the entry only moves a position. */
  readonly count: number;
  /** RFC 5425 frames, one after another. */
  readonly frames: Buffer;
}

/** An entry as it comes back from the journal. */
export interface Entry extends NewEntry {
  /** Counts entries from 1, only on disk; the cursor is one of these. */
  readonly number: number;
}
