/** What has gone out on one link since the last acknowledgement, as a receipt will tell it. */
import { createHash } from 'node:crypto';
import type { MessageName, Run } from '../model/entry.js';
import type { TailId } from '../model/position.js';
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
  /** Of its first message; `undefined` for the agent's own. */
  beganAt: Batch['origin'];
  /** What was read of which file; ranges that do not touch, as after damage to the journal, stay apart. */
  readonly origins: EpochOrigin[] = [];
  readonly #sha256 = createHash('sha256');

  constructor(private readonly nowMs: () => number) {}

  #startedAtMs: number | undefined;

  /** Since its first message; 0 while it is empty. */
  get ageMs(): number {
    return this.#startedAtMs === undefined ? 0 : this.nowMs() - this.#startedAtMs;
  }

  get isEmpty(): boolean {
    return this.mark === undefined;
  }

  add(batch: Batch): void {
    this.#startedAtMs ??= this.nowMs();
    this.bytes += batch.frames.length;
    this.messages += batch.count;
    this.entries += 1;
    this.mark = batch.mark;
    this.#sha256.update(batch.frames);
    if (batch.count > 0) this.#extend(batch.first, batch.count);
    if (this.messages === batch.count) this.beganAt = batch.origin;
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

  /** SHA-256 (hex) of the frames in the order in which they went out; asked once, when the epoch is over. */
  digest(): string {
    return this.#sha256.digest('hex');
  }
}
