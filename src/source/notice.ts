/** What the agent tells the collector in a message of its own: text that was there and can no longer be read. */
import type { ByteOffset, TailId } from '../model/position.js';

export interface Notice {
  readonly kind: 'gap';
  readonly source: string;
  /** The path under which the file was last seen. */
  readonly path: string;
  readonly tailId: TailId;
  readonly fromOffset: ByteOffset;
  /** `undefined` when nobody can say how much there was. */
  readonly toOffset: ByteOffset | undefined;
  readonly reason: LossReason;
}

/**
 * - `truncated`: the file became shorter than what had been read or seen
 * - `overwritten`: other text stands where text had been read
 * - `deleted`: the file disappeared while it was watched
 * - `rotated-away`: the file was gone when the agent came back
 */
export type LossReason = 'truncated' | 'overwritten' | 'deleted' | 'rotated-away';
