/**
 * An epoch is what is sent on one link between two acknowledgements: what went out,
 * as its receipt will list it, and when it ends. Long epochs cost few connections,
 * short ones few repeats.
 */
import { createHash } from 'node:crypto';
import type { Level } from '../link/acknowledge.js';
import type { Dialled } from '../link/dial.js';
import type { MessageName, Run } from '../model/entry.js';
import type { TailId } from '../model/position.js';
import type { NewReceipt } from '../verify/receipt.js';
import type { Batch, Mark } from './outbox.js';

export class Epoch {
  bytes = 0;
  messages = 0;
  entries = 0;
  /** In the order in which they went out; a restart or damage to the journal begins a new one. */
  readonly stretches: { readonly run: Run; readonly first: number; last: number }[] = [];
  /** Where the journal stands when this epoch is acknowledged. */
  mark: Mark | undefined;
  /** What was read of which file; ranges that do not touch, as after damage to the journal, stay apart. */
  readonly tails: { readonly tail: TailId; readonly path: string; readonly from: number; to: number }[] = [];
  readonly #sha256 = createHash('sha256');

  #startedAtMs: number | undefined;
  #first: Batch | undefined;

  constructor(private readonly nowMs: () => number) {}

  /** Since its first message; 0 while it is empty. */
  get ageMs(): number {
    return this.#startedAtMs === undefined ? 0 : this.nowMs() - this.#startedAtMs;
  }

  /** Its last message is not the last of its entry in the journal. */
  get endsInsideEntry(): boolean {
    return this.mark !== undefined && this.mark.messages > 0;
  }

  get isEmpty(): boolean {
    return this.mark === undefined;
  }

  add(batch: Batch): void {
    this.#startedAtMs ??= this.nowMs();
    this.#first ??= batch;
    this.bytes += batch.frames.length;
    this.messages += batch.count;
    this.entries += 1;
    this.mark = batch.mark;
    this.#sha256.update(batch.frames);
    if (batch.count > 0) this.#extend(batch.first, batch.count);
    // The range counts as sent with the last message of its entry.
    if (batch.origin !== undefined && batch.mark.messages === 0) this.#cover(batch.origin);
  }

  #cover({ tailId, path, from, to }: NonNullable<Batch['origin']>): void {
    const range = this.tails.findLast(({ tail }) => tail === tailId);
    if (range?.to === from) range.to = to;
    else this.tails.push({ tail: tailId, path, from, to });
  }

  #extend({ run, seq }: MessageName, count: number): void {
    const stretch = this.stretches.at(-1);
    if (stretch?.run === run && stretch.last + 1 === seq) stretch.last += count;
    else this.stretches.push({ run, first: seq, last: seq + count - 1 });
  }

  /** The first message, and where its line begins. */
  get beginning(): { readonly name: MessageName; readonly path: string; readonly offset: number } | undefined {
    const { first, origin, frames } = this.#first ?? {};
    if (first === undefined || frames === undefined) return undefined;
    return { name: first, path: origin?.path ?? '', offset: lineOffset(frames, origin) };
  }

  /** When which lines went, to whom, how well that is proven; no content. Called once, when it is acknowledged. */
  receipt({ link, target }: Dialled, level: Level): NewReceipt {
    return {
      collector: `${target.host}:${target.port}`,
      address: target.address,
      fingerprint: link.peer.fingerprint,
      level,
      messages: this.messages,
      stretches: this.stretches,
      sha256: this.#sha256.digest('hex'),
      tails: this.tails,
    };
  }
}

/** A message carries the identity of its line, tail id, colon and offset; an entry only says where its first line began. */
function lineOffset(frames: Buffer, origin: Batch['origin']): number {
  if (origin === undefined) return 0;
  const id = `${origin.tailId}:`;
  const at = frames.indexOf(id);
  if (at === -1) return origin.from;
  const digits = /^\d+/.exec(frames.toString('latin1', at + id.length, at + id.length + 20));
  return digits === null ? origin.from : Number(digits[0]);
}

/**
 * How long the next epoch may be. Like TCP's congestion window it starts small after
 * a start with a backlog, halves with each failure and doubles with each
 * acknowledgement: an agent that is killed again and again makes progress all the
 * same, and repeats no more than one such epoch each time.
 */
export class EpochSize {
  #first = true;
  #slowStartBytes: number | undefined;
  #reducedBytes: number | undefined;

  /** `backlog`: the journal holds what an agent before this one may have sent already. */
  constructor(
    private readonly options: EpochOptions,
    backlog: boolean,
  ) {
    this.#slowStartBytes = backlog ? EARLY_BYTES : undefined;
  }

  /**
   * `learning`: it is not known how the collector acknowledges. `silent`: it does not answer, and small beginnings would
   * cost a window each.
   */
  limit(learning: boolean, silent = false): EpochLimit {
    const [first, slowStartBytes] = silent ? [false, undefined] : [this.#first, this.#slowStartBytes];
    return epochLimit(this.options, { learning, first, slowStartBytes, reducedBytes: this.#reducedBytes });
  }

  acknowledged(): void {
    this.#first = false;
    this.#slowStartBytes = doubled(this.#slowStartBytes, this.options);
    this.#reducedBytes = doubled(this.#reducedBytes, this.options);
  }

  /** An epoch of so many octets was not acknowledged. */
  failed(sentBytes: number): void {
    this.#reducedBytes = halved(this.#reducedBytes, sentBytes, this.options);
  }
}

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
const EARLY_BYTES = 64 * 1024;
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

/** Why an epoch should be short. */
export interface EpochHistory {
  /** The collector's level is unknown. */
  readonly learning: boolean;
  /** Nothing has been acknowledged since the start. */
  readonly first: boolean;
  /** How far the slow start after a start with a backlog has come; `undefined` when it is over, or there was none. */
  readonly slowStartBytes: number | undefined;
  /** What failures have reduced the epoch to. */
  readonly reducedBytes: number | undefined;
}

export function epochLimit(options: EpochOptions, history: EpochHistory): EpochLimit {
  const { learning, first, slowStartBytes, reducedBytes } = history;
  const early = learning || first;
  const cuts = learning || reducedBytes !== undefined;
  const alone = slowStartBytes !== undefined || reducedBytes !== undefined;
  const most = [options.epochBytes, slowStartBytes, reducedBytes, early ? EARLY_BYTES : MOST_BYTES];
  return {
    bytes: Math.min(...most.filter((bytes) => bytes !== undefined)),
    intervalMs: early ? Math.min(EARLY_INTERVAL_MS, options.epochIntervalMs) : options.epochIntervalMs,
    strict: early || cuts || alone,
    cuts,
    alone,
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
