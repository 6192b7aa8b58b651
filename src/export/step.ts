/** What one look at a table has brought. */
import type { Batch } from './batch.js';

export interface Step {
  /** Rows written. */
  readonly written: number;
  /** There is more to do at once. */
  readonly hasMore: boolean;
  /** Rows that are in the table but wait for something. */
  readonly unready: number;
  /** How far the file is, and how far the table: ids. */
  readonly reached: number;
  readonly newest: number;
}

export const NOTHING: Step = { written: 0, hasMore: false, unready: 0, reached: 0, newest: 0 };

/** Something other than rows was done, and rows come next. */
export const AT_ONCE: Step = { ...NOTHING, hasMore: true };

export function stepOf({ ready, hasMore, unready, reached, newest }: Batch): Step {
  return { written: ready.length, hasMore, unready: unready.length, reached, newest: newest?.id ?? 0 };
}
