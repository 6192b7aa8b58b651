/** What has gone out on one link since the last acknowledgement, as a receipt will tell it. */
import { createHash } from 'node:crypto';
import type { MessageName } from '../model/entry.js';
import type { Batch, Mark } from './outbox.js';

export interface EpochOrigin {
  readonly path: string;
  readonly from: number;
  to: number;
}

export class Epoch {
  bytes = 0;
  messages = 0;
  entries = 0;
  first: MessageName | undefined;
  last: MessageName | undefined;
  /** Where the journal stands when this epoch is acknowledged. */
  mark: Mark | undefined;
  /** By tail id. */
  readonly origins = new Map<string, EpochOrigin>();
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
    if (batch.count > 0) {
      this.first ??= batch.first;
      this.last = { run: batch.first.run, seq: batch.first.seq + batch.count - 1 };
    }
    const { origin } = batch;
    if (origin === undefined) return;
    const known = this.origins.get(origin.tailId);
    if (known === undefined) this.origins.set(origin.tailId, { path: origin.path, from: origin.from, to: origin.to });
    else known.to = Math.max(known.to, origin.to);
  }

  /** SHA-256 (hex) of the frames in the order in which they went out; asked once, when the epoch is over. */
  digest(): string {
    return this.#sha256.digest('hex');
  }
}
