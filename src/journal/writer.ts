/**
 * Group commit: what has come while the disk was busy goes out in one write and
 * one sync. After a failed write or sync nothing more is tried on that file:
 * Linux may have marked its pages clean without having written them. What was
 * not synced is given up, and writing goes on in a new segment.
 */
import type { Clock } from '../lib/clock.js';
import { AgentError, reasonOf } from '../lib/errors.js';
import type { NewEntry } from '../model/entry.js';
import type { Report } from '../model/report.js';
import { Complaint } from './complaint.js';
import { encodeEntry, type Seed } from './entry-codec.js';
import type { Files } from './files.js';
import type { Layout } from './layout.js';
import { SegmentWriter } from './segment-writer.js';
import type { Segments } from './segments.js';
import { Stand, type Standing } from './standing.js';

/** How much may wait for the disk before `append` makes its caller wait. */
const IN_FLIGHT_BYTES = 8 * 1024 * 1024;
/** Below this a copy is cheaper than a scattered write. */
const COPIED_BYTES = 64 * 1024;
const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 10_000;

/** A write or a sync failed. Everything appended since the last sync is given up; `recover` says where to go on. */
export class JournalFailed extends AgentError {
  constructor(path: string, cause: unknown) {
    super('journal-failed', `cannot write the journal in ${path}: ${reasonOf(cause)}`, {
      hint: 'see to the disk; the agent goes on by itself once it can be written again',
      cause,
    });
  }
}

export interface WriterOptions {
  readonly id: string;
  readonly seed: Seed;
  readonly layout: Layout;
  readonly segmentBytes: number;
  readonly nextEntry: number;
  readonly standing: Standing;
}

export interface WriterDependencies {
  readonly files: Files;
  readonly clock: Clock;
  readonly report: Report;
  readonly segments: Segments;
  /** Entries up to `number` are on disk; `rolled` when a new segment has begun. */
  synced(group: readonly SyncedEntry[], rolled: boolean): void;
}

export interface SyncedEntry {
  readonly number: number;
  readonly count: number;
  readonly writtenAtMs: number;
}

interface Queued extends SyncedEntry {
  readonly entry: NewEntry;
  readonly head: Buffer;
  readonly bytes: number;
}

interface Waiting {
  readonly entry: NewEntry;
  readonly own: boolean;
  readonly admitted: () => void;
  readonly refused: (reason: unknown) => void;
}

export class Writer {
  readonly #queue: Queued[] = [];
  readonly #waiting: Waiting[] = [];
  /** As of the last synced entry. */
  readonly #stand: Stand;
  readonly #complaint: Complaint;
  #queuedBytes = 0;
  /** The last entry on disk. */
  #synced: number;
  /** The number that the next accepted entry gets. */
  #next: number;
  #active: SegmentWriter | undefined;
  #committing: Promise<void> | undefined;
  #recovering: Promise<void> | undefined;
  #failed: JournalFailed | undefined;
  #begun = false;
  #faults = 0;

  constructor(
    private readonly options: WriterOptions,
    private readonly dependencies: WriterDependencies,
  ) {
    this.#stand = new Stand(options.standing);
    this.#next = options.nextEntry;
    this.#synced = options.nextEntry - 1;
    this.#complaint = new Complaint('The journal cannot be written', dependencies.report, dependencies.clock);
  }

  /** As of the last synced entry. */
  get standing(): Standing {
    return this.#stand;
  }

  get synced(): number {
    return this.#synced;
  }

  /** This run has begun a segment. */
  get begun(): boolean {
    return this.#begun;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get failed(): JournalFailed | undefined {
    return this.#failed;
  }

  /** Failed writes and syncs since the start. */
  get faults(): number {
    return this.#faults;
  }

  /** Resolves once the entry is accepted, in the order of the calls. */
  append(entry: NewEntry, own: boolean): Promise<void> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    if (this.#waiting.length === 0 && this.#queuedBytes < IN_FLIGHT_BYTES) {
      this.#accept(entry, own);
      return Promise.resolve();
    }
    return new Promise((admitted, refused) => this.#waiting.push({ entry, own, admitted, refused }));
  }

  /** Resolves when all that was accepted is on disk; rejects with JournalFailed. */
  async flushed(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing;
    if (this.#failed !== undefined) throw this.#failed;
  }

  /** Begins a new segment, so that the one before can go. Nothing happens when the active one has no entries. */
  async roll(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing;
    if (this.#failed === undefined && this.#active?.hasEntries) await this.#committingWhile(() => this.#begin());
  }

  /** Tries until the disk takes a new segment; rejects with the failure when the signal aborts first. */
  async recover(signal: AbortSignal): Promise<void> {
    while (this.#committing !== undefined) await this.#committing;
    this.#recovering ??= this.#retry(signal).finally(() => {
      this.#recovering = undefined;
    });
    await this.#recovering;
  }

  async close(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing;
    const active = this.#active;
    this.#active = undefined;
    await active?.close().catch(() => undefined);
  }

  #accept(entry: NewEntry, own: boolean): void {
    const { seed } = this.options;
    const number = this.#next;
    const writtenAtMs = this.dependencies.clock.nowMs();
    const head = encodeEntry(entry, { number, own, writtenAtMs, seed });
    const bytes = head.length + entry.frames.length;
    this.#next += 1;
    this.#queue.push({ number, count: entry.count, writtenAtMs, entry, head, bytes });
    this.#queuedBytes += bytes;
    if (this.#committing === undefined) this.#commitSoon();
  }

  #commitSoon(): void {
    void this.#committingWhile(() => this.#commitAll());
  }

  #committingWhile(work: () => Promise<void>): Promise<void> {
    const done = work()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#committing = undefined;
        // Something may have come since the work saw an empty queue.
        if (this.#queue.length > 0) this.#commitSoon();
      });
    this.#committing = done;
    return done;
  }

  async #commitAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const rolled = this.#active === undefined || this.#isFull(this.#active);
      if (rolled) await this.#begin();
      const active = this.#active;
      if (active === undefined) return;
      const group = this.#nextGroup(active);
      const bytes = group.reduce((sum, { bytes }) => sum + bytes, 0);
      await active.append(buffersOf(group, bytes), bytes);
      this.#queue.splice(0, group.length);
      this.#queuedBytes -= bytes;
      this.#apply(group);
      this.dependencies.synced(group, rolled);
      this.#admit();
    }
  }

  #isFull({ segment, hasEntries }: SegmentWriter): boolean {
    return hasEntries && segment.end + (this.#queue[0]?.bytes ?? 0) > this.options.segmentBytes;
  }

  /** As much as has come and as the segment takes; an entry that is bigger than a segment has one of its own. */
  #nextGroup({ segment }: SegmentWriter): Queued[] {
    let end = segment.end;
    const count = this.#queue.findIndex(({ bytes }, index) => {
      end += bytes;
      return index > 0 && end > this.options.segmentBytes;
    });
    return this.#queue.slice(0, count === -1 ? this.#queue.length : count);
  }

  #apply(group: readonly Queued[]): void {
    for (const { number, entry } of group) {
      this.#stand.pass(entry);
      this.#synced = number;
    }
  }

  #admit(): void {
    while (this.#queuedBytes < IN_FLIGHT_BYTES) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return;
      this.#accept(waiting.entry, waiting.own);
      waiting.admitted();
    }
  }

  async #begin(): Promise<void> {
    const { id, layout } = this.options;
    const { files, segments, clock } = this.dependencies;
    const { positions, last, messages } = this.#stand;
    const first = this.#synced + 1;
    const previous = segments.all.findLast((segment) => segment.first < first);
    const retired = this.#active;
    this.#active = await SegmentWriter.create(
      layout.segment(first),
      {
        journal: id,
        first,
        ...(previous && { previous: { first: previous.first, end: previous.end } }),
        ...(last && { last }),
        ...(!this.#begun && { opensRun: true }),
        messages,
        createdAtMs: clock.nowMs(),
        positions: [...positions.values()],
      },
      { files, segments },
    );
    this.#begun = true;
    // Everything in it is synced; that it cannot be closed changes nothing.
    await retired?.close().catch(() => undefined);
  }

  #fail(cause: unknown): void {
    this.#faults += 1;
    this.#complaint.say(cause, { directory: this.options.layout.segments });
    this.#failed = new JournalFailed(this.options.layout.segments, cause);
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.#next = this.#synced + 1;
    for (const { refused } of this.#waiting.splice(0)) refused(this.#failed);
  }

  async #retry(signal: AbortSignal): Promise<void> {
    const broken = this.#active;
    for (let waitMs = RETRY_FIRST_MS; this.#failed !== undefined; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
      if (signal.aborted) throw this.#failed;
      try {
        // The new head says where the old segment ends, so this is for tidiness: it may fail.
        await broken?.cutBack().catch(() => undefined);
        await this.#begin();
        this.#failed = undefined;
        this.#complaint.over('The journal can be written again');
        this.dependencies.synced([], true);
      } catch (error) {
        this.#faults += 1;
        this.#complaint.say(error, { directory: this.options.layout.segments });
        await this.dependencies.clock.sleep(waitMs, signal);
      }
    }
  }
}

function buffersOf(group: readonly Queued[], bytes: number): Buffer[] {
  const buffers = group.flatMap(({ head, entry }) => (entry.frames.length === 0 ? [head] : [head, entry.frames]));
  return bytes < COPIED_BYTES ? [Buffer.concat(buffers, bytes)] : buffers;
}
