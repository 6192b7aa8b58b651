/**
 * Gives the session what to send next: the journal's entries from the cursor on,
 * cut between messages where less than an entry is wanted. An acknowledgement
 * moves the cursor; after a failure sending starts again behind it.
 */
import type { Entry, MessageName } from '../model/entry.js';
import type { TailId } from '../model/position.js';
import { frames } from '../syslog/rfc5425.js';

/** The part of the journal that sending needs. */
export interface SentJournal {
  /** The entry up to which everything is acknowledged. */
  readonly cursor: number;
  acknowledge(entry: number): Promise<void>;
  /** Reads from the cursor on. */
  reader(): EntryReader;
}

export interface EntryReader {
  /** Up to about `maxBytes` of entries in order; empty at the end of what is on disk. */
  next(maxBytes: number): Promise<readonly Entry[]>;
  /** Resolves when `next` would not come back empty, or when the signal aborts. */
  grown(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** How far sending or acknowledgement has come: all of `entry`, and so many messages of the one after it. */
export interface Mark {
  readonly entry: number;
  readonly messages: number;
}

/** A stretch of frames out of one entry. */
export interface Batch {
  readonly frames: Buffer;
  readonly count: number;
  /** So many of them have been sent before, without an acknowledgement. */
  readonly repeated: number;
  readonly first: MessageName;
  /** Where the lines came from; `undefined` for the agent's own messages. */
  readonly origin:
    | { readonly tailId: TailId; readonly path: string; readonly from: number; readonly to: number }
    | undefined;
  /** What is sent once this batch is. */
  readonly mark: Mark;
}

const READ_BYTES = 1024 * 1024;

export class Outbox {
  #reader: EntryReader;
  #ahead: Entry[] = [];
  /** Messages of the first entry ahead that have been given out. */
  #given = 0;
  /** Acknowledged within the entry that follows the cursor; looked at once, with the first entry read. */
  #resume: Mark | undefined;
  #acknowledged: Mark;
  /** Messages given out and not acknowledged. */
  #outstanding = 0;
  /** Messages that have been given out once and, since a failure, not again. */
  #toRepeat = 0;

  constructor(private readonly journal: SentJournal) {
    this.#reader = journal.reader();
    this.#acknowledged = { entry: journal.cursor, messages: 0 };
  }

  /** All up to `mark` is acknowledged, and these were `messages` messages: the cursor moves. */
  acknowledge(mark: Mark, messages: number): Promise<void> {
    this.#acknowledged = mark;
    this.#outstanding -= messages;
    return this.journal.acknowledge(mark.entry);
  }

  /** Sending starts again behind what is acknowledged. */
  rewind(): void {
    void this.#reader.close();
    this.#reader = this.journal.reader();
    this.#ahead = [];
    this.#given = 0;
    this.#resume = this.#acknowledged;
    this.#toRepeat += this.#outstanding;
    this.#outstanding = 0;
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  /** Resolves when there is something to send, or when the signal aborts. */
  async more(signal: AbortSignal): Promise<void> {
    if (this.#ahead.length === 0) await this.#reader.grown(signal);
  }

  /** At most `maxBytes` of frames but at least one message; `undefined` when there is nothing yet. */
  async next(maxBytes: number): Promise<Batch | undefined> {
    if (this.#ahead.length === 0) this.#ahead.push(...(await this.#reader.next(READ_BYTES)));
    const entry = this.#ahead[0];
    if (entry === undefined) return undefined;
    // Another entry comes first when the one that was partly acknowledged has been found damaged since.
    if (this.#resume?.entry === entry.number - 1) this.#given = this.#resume.messages;
    this.#resume = undefined;

    const rest = entry.frames.subarray(messagesEnd(entry.frames, Number.POSITIVE_INFINITY, this.#given).bytes);
    const first = { run: entry.first.run, seq: entry.first.seq + this.#given };
    if (rest.length <= maxBytes || entry.count - this.#given <= 1) {
      const count = entry.count - this.#given;
      this.#ahead.shift();
      this.#given = 0;
      return this.#batch(entry, { frames: rest, count, first, mark: { entry: entry.number, messages: 0 } });
    }
    const cut = messagesEnd(rest, maxBytes, Number.POSITIVE_INFINITY);
    this.#given += cut.count;
    const mark = { entry: entry.number - 1, messages: this.#given };
    return this.#batch(entry, { frames: rest.subarray(0, cut.bytes), count: cut.count, first, mark });
  }

  #batch(entry: Entry, part: Omit<Batch, 'repeated' | 'origin'>): Batch {
    const repeated = Math.min(part.count, this.#toRepeat);
    this.#toRepeat -= repeated;
    this.#outstanding += part.count;
    return { ...part, repeated, origin: originOf(entry) };
  }
}

/** Where the last whole message within both limits ends; one message is taken whatever its size. */
function messagesEnd(buffer: Buffer, maxBytes: number, maxCount: number): { bytes: number; count: number } {
  let bytes = 0;
  let count = 0;
  if (maxCount === 0) return { bytes, count };
  for (const { end } of frames(buffer)) {
    if (count > 0 && end > maxBytes) break;
    bytes = end;
    count += 1;
    if (count === maxCount) break;
  }
  return { bytes, count };
}

function originOf({ from, to }: Entry): Batch['origin'] {
  if (from === undefined || to === undefined) return undefined;
  return { tailId: to.tailId, path: to.path, from, to: to.offset };
}
