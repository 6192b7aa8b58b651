/** What a journal is told, and what it is given. */
import type { Clock } from '../lib/clock.js';
import type { Report } from '../model/report.js';
import type { Files } from './files.js';
import type { takeLock } from './lock.js';
import type { JournalNotice } from './notice.js';

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
  /** Given up when the disk is full, so that the word of it gets out: ballast.ts. 0: none. */
  readonly ballastBytes?: number;
}

export interface JournalDependencies {
  readonly files: Files;
  readonly clock: Clock;
  readonly report: Report;
  random(bytes: number): Buffer;
  /**
   * What the collector should be told. Resolve once the message is on disk, for `damaged` with the ranges read again:
   * until then every start tells it again. `dropped` tells of all since the last that was acknowledged.
   */
  notice(notice: JournalNotice): void | Promise<void>;
  /** Default: a Unix socket, lock.ts. */
  readonly lock?: typeof takeLock;
}

export function segmentBytesOf({ segmentBytes = SEGMENT_BYTES, maxBytes }: JournalOptions): number {
  return Math.min(segmentBytes, Math.floor(maxBytes / LEAST_SEGMENTS));
}
