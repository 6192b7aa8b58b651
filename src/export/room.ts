/** How much a follower remembers and reads at once. Tests make it small. */

/** In rows. */
export interface FollowerRoom {
  /** Remembered behind the awaited ones: what a comparison with the table looks at. */
  readonly windowRows: number;
  /** Written in one append. */
  readonly batchRows: number;
  /** By how many rows those written at the same time may have changed places between `log` and its side tables. */
  readonly skewRows: number;
}

/** 2 to 3 MB for the window, and as much for a batch. */
export const ROOM: FollowerRoom = { windowRows: 10_000, batchRows: 1000, skewRows: 1000 };
