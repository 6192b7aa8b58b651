/** Where a tail's text is: in sight, held open out of sight, or nowhere. */

import type { FileKey, Seen } from './find/snapshot.js';
import type { LossReason } from './types.js';

export type Place =
  /** At `path`, as last seen. */
  | { readonly name: 'placed'; readonly key: FileKey; readonly size: number; readonly stamp: string }
  /** Out of sight, deleted or moved; read on through the open descriptor. `sinceMs`: when it last changed. */
  | {
      readonly name: 'unlinked';
      readonly key: FileKey;
      readonly size: number;
      readonly stamp: string;
      readonly sinceMs: number;
    }
  /** Nowhere; kept in mind for a copy that may still appear. */
  | Lost;

export interface Lost {
  readonly name: 'lost';
  readonly sinceMs: number;
  readonly reason: LossReason;
  /** How long the text is known to have been. */
  readonly size: number | undefined;
  /** Whether text may be missing although no size is known. */
  readonly doubtful: boolean;
  /** Whether the loss, if it is one, has been told. */
  readonly told: boolean;
}

/** What of a `stat` changes when the text does. */
export function stampOf(stats: Pick<Seen['stats'], 'size' | 'mtimeMs' | 'ctimeMs'>): string {
  return `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}`;
}
