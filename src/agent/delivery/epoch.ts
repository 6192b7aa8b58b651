/** What has gone out on one link since the last acknowledgement, as a receipt will tell it. */
import { createHash } from 'node:crypto';
import type { MessageName, Run } from '../../model/entry.js';
import type { TailId } from '../../model/position.js';
import type { Batch, Mark } from './outbox.js';

export interface EpochOrigin {
  readonly tailId: TailId;
  readonly path: string;
  readonly from: number;
  to: number;
}

export class Epoch {
  bytes = 0;
  messages = 0;
  entries = 0;
  /** In the order in which they went out; a restart or damage to the journal begins a new one. */
  readonly stretches: { readonly run: Run; readonly first: number; last: number }[] = [];
  /** Where the journal stands when this epoch is acknowledged. */
  mark: Mark | undefined;
  /** What was read of which file; ranges that do not touch, as after damage to the journal, stay apart. */
  readonly origins: EpochOrigin[] = [];
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
    const range = this.origins.findLast((known) => known.tailId === tailId);
    if (range?.to === from) range.to = to;
    else this.origins.push({ tailId, path, from, to });
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

  /** SHA-256 (hex) of the frames in the order in which they went out; asked once, when the epoch is over. */
  digest(): string {
    return this.#sha256.digest('hex');
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
