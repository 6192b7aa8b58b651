/**
 * What may go when the journal is full: always what is acknowledged, also from
 * the newest segment; with `whenFull: drop-oldest` the oldest segment, too, and
 * then the messages in it that nobody has acknowledged are counted exactly.
 */
import type { Report } from '../model/report.js';
import { NOWHERE, Stand, standingBefore } from './disk/checkpoint.js';
import type { CursorKeeper } from './disk/cursor.js';
import type { Files } from './disk/files.js';
import { readSegment, type Segment, type Segments } from './disk/segments.js';
import type { Drops } from './drops.js';
import type { Seed } from './format/entry.js';
import { walk } from './format/scan.js';
import { between } from './read/damage.js';
import type { Removal } from './removal.js';
import type { Dropped, JournalOptions } from './types.js';
import type { Writer } from './writer.js';

export interface MakeRoomDependencies {
  readonly files: Files;
  readonly report: Report;
  readonly segments: Segments;
  readonly seed: Seed;
  readonly writer: Writer;
  readonly cursor: CursorKeeper;
  readonly removal: Removal;
  readonly drops: Drops;
  /** Resolves when the word of it is on disk. */
  notice(dropped: Dropped): void | Promise<void>;
}

export class MakeRoom {
  #dropped = 0;

  constructor(
    private readonly whenFull: JournalOptions['whenFull'],
    private readonly dependencies: MakeRoomDependencies,
  ) {}

  /** Messages dropped since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** False when nothing may go. */
  async now(): Promise<boolean> {
    const { segments, writer, cursor, removal } = this.dependencies;
    const before = segments.bytes;
    if (cursor.entry >= writer.synced) await writer.roll();
    await removal.run();
    if (segments.bytes < before) return true;
    if (this.whenFull === 'wait') return false;

    if (segments.all.length === 1) await writer.roll();
    const oldest = segments.oldest;
    const next = oldest && segments.after(oldest);
    if (oldest === undefined || next === undefined) return false;
    await this.#drop(oldest, next);
    await removal.run();
    return segments.bytes < before;
  }

  async #drop(oldest: Segment, next: Segment): Promise<void> {
    const { cursor, report, writer, drops, notice } = this.dependencies;
    const kept = await this.#acknowledgedIn(oldest);
    const end = (await standingBefore(next, this.dependencies)) ?? NOWHERE;
    const messages = end.messages - kept.messages;
    await cursor.moveTo(next.first - 1);
    this.#dropped += messages;
    report.error('The oldest messages were dropped to make room', { file: oldest.path, messages });
    // A segment holds messages of one run only: where the run changes, the one before is complete.
    const missing = between(kept.last, end.last).filter(({ lastSeq }) => lastSeq !== undefined);
    const told = await drops.add({ messages, missing });
    void Promise.resolve(notice(told)).then(() => drops.told(told, writer.synced));
  }

  /** Where things stand at the cursor, which may lie within the segment. */
  async #acknowledgedIn(segment: Segment): Promise<Stand> {
    const { files, seed, cursor } = this.dependencies;
    const stand = new Stand((await standingBefore(segment, this.dependencies)) ?? NOWHERE);
    if (cursor.entry < segment.first) return stand;
    const { start, first } = segment;
    const bytes = await readSegment(segment, files);
    for (const step of walk(bytes, { start, first, limit: cursor.entry + 1, seed })) {
      if (step.kind === 'entry') stand.pass(step.entry);
    }
    return stand;
  }
}
