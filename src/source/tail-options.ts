/** What a tail is made with. */
import type { Place } from './place.js';

export interface TailLimits {
  readonly maxLineBytes: number;
  readonly partialLineTimeoutMs: number;
}

/** Where a tail comes from and stands at first. */
export interface TailOptions {
  readonly lineage: string;
  readonly age: number;
  /** The number of the look that made it, 0 for a tail out of the journal. */
  readonly bornLook: number;
  readonly place: Place;
  readonly journaled: boolean;
}
