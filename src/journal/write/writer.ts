/**
 * Writes entries by group commit: what came while the disk was busy goes out in
 * one write and one sync. After a failed write or sync nothing more is tried on that file:
 * Linux may have marked its pages clean without having written them. What was
 * not synced is given up, and writing goes on in a new segment.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Pauses } from '../../lib/backoff.js';
import { diskProblem } from '../../lib/disk-remedy.js';
import { AgentError, reasonOf } from '../../lib/errors.js';
import type { NewEntry } from '../../model/entry.js';
import { type Checkpoint, RunningCheckpoint } from '../disk/checkpoint.js';
import type { Layout } from '../disk/layout.js';
import type { Segment, Segments } from '../disk/segments.js';
import type { Seed } from '../format/entry.js';
import type { JournalContext } from '../types.js';
import { buffersOf, bytesOf, CommitQueue, type QueuedEntry } from './commit-queue.js';
import { SegmentWriter } from './segment-writer.js';

/** A write or a sync failed. Everything appended since the last sync is given up; `recover` says where to go on. */
export class JournalFailed extends AgentError {
  constructor(path: string, cause: unknown) {
    super('journal-failed', `cannot write the journal in ${path}: ${reasonOf(cause)}`, {
      hint: 'see to the disk; the agent continues once it can be written again',
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
  readonly checkpoint: Checkpoint;
}

export interface WriterDependencies extends JournalContext {
  readonly segments: Segments;
  /** This group is on disk. */
  synced(group: readonly QueuedEntry[]): void;
  /** A new segment has begun. */
  rolled(): void;
  /** A write has failed. True when there is room again, so that the next may not. */
  giveWay(cause: unknown): Promise<boolean>;
}

/** Behind a smaller group nobody has waited for room. */
const SMALL_GROUP_BYTES = 64 * 1024;
/** How much may wait for the disk before `append` makes its caller wait. */
const IN_FLIGHT_BYTES = 8 * 1024 * 1024;

export class Writer {
  readonly #queue: CommitQueue;
  /** As of the last synced entry. */
  readonly #checkpoint: RunningCheckpoint;
  /** The last entry on disk. */
  #synced: number;
  #active: SegmentWriter | undefined;
  #working: Promise<void> | undefined;
  #recovering: Promise<void> | undefined;
  #failed: JournalFailed | undefined;
  /** This run has begun a segment. */
  #begun = false;
  #faults = 0;
  /** Between recoveries after which nothing was written. */
  readonly #pauses: Pauses;

  constructor(
    private readonly options: WriterOptions,
    private readonly dependencies: WriterDependencies,
  ) {
    const { seed, nextEntry } = options;
    const { clock } = dependencies;
    this.#queue = new CommitQueue(nextEntry, { limitBytes: IN_FLIGHT_BYTES, seed, nowMs: () => clock.nowMs() });
    this.#checkpoint = new RunningCheckpoint(options.checkpoint);
    this.#synced = nextEntry - 1;
    this.#pauses = new Pauses(clock);
  }

  /** As of the last synced entry. */
  get checkpoint(): Checkpoint {
    return this.#checkpoint;
  }

  get synced(): number {
    return this.#synced;
  }

  get begun(): boolean {
    return this.#begun;
  }

  get queuedBytes(): number {
    return this.#queue.bytes;
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
    const accepted = this.#queue.put(entry, own);
    this.#commitSoon();
    return accepted;
  }

  /** Resolves when all that was appended before this call is on disk; rejects with JournalFailed. */
  flushed(): Promise<void> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    return this.#queue.written();
  }

  /** Begins a new segment, so that the one before can go. Nothing happens when the active one has no entries. */
  async roll(): Promise<void> {
    await this.#idle();
    if (this.#failed === undefined && this.#active?.hasEntries !== false)
      await this.#work(async () => void (await this.#begin()));
  }

  /** Nothing more is written to a file that has lost its name: it would be lost with the process. */
  async giveUp(segment: Segment, cause: unknown): Promise<void> {
    await this.#idle();
    if (this.#active?.segment === segment && this.#failed === undefined) this.#fail(cause);
  }

  /**
   * Begins a new segment if somebody has removed the active one: what is written there would be lost with the process.
   * Answers whether that was so.
   */
  async renew(): Promise<boolean> {
    await this.#idle();
    const active = this.#active;
    if (active === undefined || this.#failed !== undefined) return false;
    let removed = false;
    await this.#work(async () => {
      removed = !(await active.hasName());
      if (removed) await this.#begin();
    });
    return removed;
  }

  /** Tries until the disk takes a new segment; rejects with the failure when the signal aborts first. */
  async recover(signal: AbortSignal): Promise<void> {
    await this.#idle();
    this.#recovering ??= this.#retry(signal).finally(() => {
      this.#recovering = undefined;
    });
    await this.#recovering;
  }

  /** What was accepted is written first, when the disk takes it. */
  async close(): Promise<void> {
    await this.#idle();
    this.#failed ??= new JournalFailed(this.options.layout.directory, new Error('it is closed'));
    const active = this.#active;
    this.#active = undefined;
    await active?.close().catch(() => undefined);
  }

  async #idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  #commitSoon(): void {
    if (this.#working === undefined && !this.#queue.isEmpty) void this.#work(() => this.#commitAll());
  }

  /** One thing at a time; a failure is kept for the next caller. */
  #work(work: () => Promise<void>): Promise<void> {
    this.#working = work()
      .catch(async (error: unknown) => {
        await this.dependencies.giveWay(error);
        this.#fail(error);
      })
      .finally(() => {
        this.#working = undefined;
        // Something may have come since the work saw an empty queue.
        this.#commitSoon();
      });
    return this.#working;
  }

  async #commitAll(): Promise<void> {
    const { segmentBytes } = this.options;
    while (!this.#queue.isEmpty) {
      const current = this.#active;
      const full = current?.hasEntries && this.#queue.exceeds(current.segment.end, segmentBytes);
      const active = current === undefined || full ? await this.#begin() : current;
      const group = this.#queue.group(active.segment.end, segmentBytes);
      await active.append(buffersOf(group), bytesOf(group));
      this.#settle(group);
      // A caller that waited for room adds all it has first, or every other group would be a single entry.
      if (bytesOf(group) >= SMALL_GROUP_BYTES) await nextTurn();
    }
  }

  #settle(group: readonly QueuedEntry[]): void {
    for (const { number, entry } of group) {
      this.#checkpoint.pass(entry);
      this.#synced = number;
    }
    this.#queue.done(group);
    this.#pauses.reset();
    this.dependencies.problems.clear('journal-write');
    this.dependencies.synced(group);
  }

  async #begin(): Promise<SegmentWriter> {
    const { id, layout } = this.options;
    const { files, segments, clock, rolled } = this.dependencies;
    const { positions, last, messages } = this.#checkpoint;
    const first = this.#synced + 1;
    const previous = segments.all.findLast((segment) => segment.first < first);
    const head = {
      journal: id,
      first,
      ...(previous && { previous: { first: previous.first, end: previous.end } }),
      ...(last && { last }),
      ...(!this.#begun && { opensRun: true as const }),
      messages,
      createdAtMs: clock.nowMs(),
      positions: [...positions.values()],
    };
    const retired = this.#active;
    const active = await SegmentWriter.create(layout.segment(first), head, { files, segments });
    this.#active = active;
    this.#begun = true;
    // Everything in it is synced; that it cannot be closed changes nothing.
    await retired?.close().catch(() => undefined);
    rolled();
    return active;
  }

  #fail(cause: unknown): void {
    this.#raise(cause);
    this.#failed = new JournalFailed(this.options.layout.directory, cause);
    this.#queue.clear(this.#synced + 1, this.#failed);
  }

  #raise(cause: unknown): void {
    this.#faults += 1;
    this.dependencies.problems.raise(
      diskProblem(cause, {
        key: 'journal-write',
        message: 'The journal cannot be written',
        facts: { directory: this.options.layout.directory },
        over: 'The journal can be written again',
      }),
    );
  }

  async #retry(signal: AbortSignal): Promise<void> {
    const broken = this.#active;
    while (this.#failed !== undefined) {
      await this.#pauses.over(signal);
      if (signal.aborted) throw this.#failed;
      this.#pauses.begin();
      try {
        // The new head says where the old segment ends, so this is for tidiness: it may fail.
        await broken?.cutBack().catch(() => undefined);
        await this.#begin();
        this.#failed = undefined;
      } catch (error) {
        this.#raise(error);
        if (await this.dependencies.giveWay(error)) this.#pauses.cut();
      }
    }
  }
}
