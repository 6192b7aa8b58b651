/**
 * When an epoch ends: what is sent on one link between two acknowledgements.
 * Long epochs cost few connections, short ones few repeats; failures halve the
 * next one down to a single message, an agent that starts with a backlog begins
 * with a small one, and successes double it again. Pure.
 */

export interface EpochOptions {
  /** `delivery.epochBytes` */
  readonly epochBytes: number;
  /** `delivery.epochInterval` */
  readonly epochIntervalMs: number;
}

/** Whatever the age: repeats and RAM stay bounded. */
const MOST_BYTES = 64 * 1024 * 1024;
/** A full epoch is at least this old, so that a flood does not mean a connection every few milliseconds. */
const FULL_AGE_MS = 1_000;
/** A collector whose level is unknown is asked early, and so is one that an agent meets when it starts: little is repeated. */
export const EARLY_BYTES = 64 * 1024;
const EARLY_INTERVAL_MS = 1_000;

export interface EpochLimit {
  readonly bytes: number;
  readonly intervalMs: number;
  /** End at once when `bytes` is reached, however young the epoch is. */
  readonly strict: boolean;
  /** Half an entry may be sent; what is acknowledged of one is forgotten when the agent is killed. */
  readonly cuts: boolean;
  /** Begin only when the one before is acknowledged: after a failure it must show which messages are to blame, after a start little may be repeated. */
  readonly alone: boolean;
}

/** What speaks for a short epoch. */
export interface Caution {
  /** The collector's level is unknown. */
  readonly learning: boolean;
  /** Nothing has been acknowledged since the start. */
  readonly first: boolean;
  /** What an agent that started with a backlog has come up to; `undefined` once it knows that it lasts. */
  readonly startingBytes: number | undefined;
  /** What failures have brought the epoch down to. */
  readonly reducedBytes: number | undefined;
}

export function epochLimit(options: EpochOptions, caution: Caution): EpochLimit {
  const { learning, first, startingBytes = MOST_BYTES, reducedBytes = MOST_BYTES } = caution;
  const early = learning || first;
  const cuts = learning || caution.reducedBytes !== undefined;
  return {
    bytes: Math.min(options.epochBytes, startingBytes, reducedBytes, early ? EARLY_BYTES : MOST_BYTES),
    intervalMs: early ? Math.min(EARLY_INTERVAL_MS, options.epochIntervalMs) : options.epochIntervalMs,
    strict: early || cuts || caution.startingBytes !== undefined,
    cuts,
    alone: caution.startingBytes !== undefined || caution.reducedBytes !== undefined,
  };
}

export function epochIsOver(limit: EpochLimit, bytes: number, ageMs: number): boolean {
  if (bytes >= MOST_BYTES || ageMs >= limit.intervalMs) return true;
  return bytes >= limit.bytes && (limit.strict || ageMs >= FULL_AGE_MS);
}

/** How long it may still last when nothing is added to it. */
export function epochRestMs(limit: EpochLimit, bytes: number, ageMs: number): number {
  const endMs = bytes >= limit.bytes ? Math.min(FULL_AGE_MS, limit.intervalMs) : limit.intervalMs;
  return Math.max(0, endMs - ageMs);
}

/** How many bytes may still be sent in this epoch; at least one message goes out however small this is. */
export function epochRoom(limit: EpochLimit, bytes: number): number {
  return Math.max(0, (limit.cuts ? limit.bytes : MOST_BYTES) - bytes);
}

/** After a failed epoch of `sentBytes`; 1 is the least and means a single message. */
export function halved(reducedBytes: number | undefined, sentBytes: number, options: EpochOptions): number {
  const present = Math.min(reducedBytes ?? options.epochBytes, Math.max(1, sentBytes));
  return Math.max(1, Math.floor(present / 2));
}

/** After an acknowledged epoch; `undefined` once the configured size is reached again. */
export function doubled(reducedBytes: number | undefined, options: EpochOptions): number | undefined {
  if (reducedBytes === undefined) return undefined;
  // From a single message up a few doublings would be lost on sizes below one frame.
  const next = Math.max(2 * reducedBytes, 4096);
  return next >= options.epochBytes ? undefined : next;
}
