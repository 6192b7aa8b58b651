/** The terms of the journal: its options, its context, and what it tells the agent. */
import type { Context } from '../lib/context.js';
import type { Run } from '../model/entry.js';
import type { ByteOffset, Position, TailId } from '../model/position.js';
import type { takeLock } from './disk/lock.js';

/* What the journal tells the agent, so that the agent can tell the collector. */

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

const SEGMENT_BYTES = 64 * 1024 * 1024;
/** More than this is not kept of what is acknowledged, once all is. */
export const FLOOR_BYTES = 1024 * 1024;
/** A full journal of one segment could never be emptied: what is acknowledged goes by segments. */
const LEAST_SEGMENTS = 4;

export interface JournalOptions {
  readonly directory: string;
  readonly maxBytes: number;
  /** Share of the volume that stays free, 0 to 1. */
  readonly keepFree: number;
  readonly whenFull: 'wait' | 'drop-oldest';
  /** Default 64 MiB, at most a quarter of `maxBytes`. */
  readonly segmentBytes?: number;
  /** Kept beside `maxBytes` for positions and the agent's own messages. Default 32 MiB. */
  readonly reserveBytes?: number;
  /** Given up when the disk is full, so that the `full` message gets out: space/reserve-file.ts. 0: none. */
  readonly reserveFileBytes?: number;
}

/** What the journal is given of the world. */
export type JournalContext = Pick<Context, 'files' | 'clock' | 'report' | 'problems'>;

export interface JournalDependencies extends JournalContext, Pick<Context, 'randomBytes'> {
  /**
   * What the collector should be told. Resolve once the message is on disk, for `damaged` with the ranges read again:
   * until then every start tells it again. `dropped` tells of all since the last that was acknowledged.
   */
  notice(notice: JournalNotice): void | Promise<void>;
  /** Default: a Unix socket, disk/lock.ts. */
  readonly lock?: typeof takeLock;
}

export function segmentBytesOf({ segmentBytes = SEGMENT_BYTES, maxBytes }: JournalOptions): number {
  return Math.min(segmentBytes, Math.floor(maxBytes / LEAST_SEGMENTS));
}
