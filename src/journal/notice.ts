/** What the journal tells the agent, so that the agent can tell the collector. */
import type { Run } from '../model/entry.js';
import type { ByteOffset, Position, TailId } from '../model/position.js';

/** Messages of one run that the journal no longer has. */
export interface MissingMessages {
  readonly run: Run;
  readonly firstSeq: number;
  /** `undefined`: up to that run's last, whichever it was. */
  readonly lastSeq: number | undefined;
}

/** What has to be read again from a source file, because the journal no longer has it. */
export interface LostRange {
  readonly tailId: TailId;
  readonly path: string;
  readonly from: ByteOffset;
  /** `undefined`: up to the end of the file, which was gone when the tail was forgotten. */
  readonly to: ByteOffset | undefined;
  /** The tail's nearest known position, for its source and identity. */
  readonly position: Position;
}

export interface Damage {
  readonly kind: 'damaged';
  /** The segment's file. */
  readonly segment: string;
  /** Where in it; `bytes` is 0 when the file, or its end, is simply not there. */
  readonly offset: number;
  readonly bytes: number;
  readonly missing: readonly MissingMessages[];
  readonly ranges: readonly LostRange[];
}

export interface Full {
  readonly kind: 'full';
  /** Which limit was met; `disk`: a write has found the volume full. */
  readonly limit: 'maxBytes' | 'keepFree' | 'disk';
  readonly bytes: number;
  readonly freeBytes: number;
}

/** The journal takes lines again after `full`. */
export interface RoomAgain {
  readonly kind: 'room';
  readonly fullForMs: number;
}

/** `whenFull: drop-oldest` has made room. */
export interface Dropped {
  readonly kind: 'dropped';
  /** Exactly how many messages went that were not acknowledged. */
  readonly messages: number;
  readonly missing: readonly MissingMessages[];
}

export type JournalNotice = Damage | Full | RoomAgain | Dropped;
