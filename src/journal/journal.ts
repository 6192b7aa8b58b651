/**
 * The journal is the durable queue between the log files and the collector. An
 * entry that was synced stays until it is acknowledged, whatever crashes; nothing
 * can be read before it is synced; and for every tail it knows the position that
 * goes with the last synced entry. The format: format/entry.ts, format/segment.ts, disk/layout.ts.
 */
import { AgentError, reasonOf } from '../lib/errors.js';
import type { Problem } from '../lib/problems.js';
import { Signal } from '../lib/signal.js';
import type { MessageName, NewEntry, Run } from '../model/entry.js';
import type { Position } from '../model/position.js';
import type { BacklogIndex } from './disk/backlog-index.js';
import { CursorKeeper } from './disk/cursor.js';
import { Layout, prepareDirectories, unusable } from './disk/layout.js';
import { type Lock, takeLock } from './disk/lock.js';
import { type LoadedJournal, loadJournal } from './disk/recovery.js';
import type { Segments } from './disk/segments.js';
import { Quarantine } from './read/quarantine.js';
import { Reader, type ReadPoint } from './read/reader.js';
import { Salvage } from './read/salvage.js';
import { Quota } from './space/quota.js';
import { ReserveFile } from './space/reserve-file.js';
import { Retention, SegmentRemoval, UnreportedDrops } from './space/retention.js';
import { FLOOR_BYTES, type Full, type JournalDependencies, type JournalOptions, segmentBytesOf } from './types.js';
import { Writer } from './write/writer.js';

/** How often it is looked whether lock and segment are still there. */
const LOOK_MS = 1_000;

export class Journal {
  /** 16 hex digits, new at each open. */
  readonly run: Run;
  /** The last message that was found intact on disk. */
  readonly follows: MessageName | undefined;

  readonly #options: JournalOptions;
  readonly #dependencies: JournalDependencies;
  readonly #layout: Layout;
  #lock: Lock;
  readonly #seed: number;
  readonly #segments: Segments;
  readonly #backlogIndex: BacklogIndex;
  readonly #cursor: CursorKeeper;
  readonly #quarantine: Quarantine;
  readonly #drops: UnreportedDrops;
  readonly #salvage: Salvage;
  readonly #writer: Writer;
  readonly #removal: SegmentRemoval;
  readonly #retention: Retention;
  readonly #quota: Quota;
  readonly #grown: Signal;
  /** What the collector has acknowledged; the cursor waits at damage that is not told for good. */
  #acknowledged = 0;
  #closed: Promise<void> | undefined;

  /**
   * Makes the directory when there is none, and starts a new run. Throws AgentError: `journal-locked` names the pid of
   * the agent that has it, `journal-newer`, `journal-exposed`, `journal-unusable`.
   */
  static async open(options: JournalOptions, dependencies: JournalDependencies): Promise<Journal> {
    const { files, clock, report, randomBytes: random, lock = takeLock } = dependencies;
    const layout = new Layout(options.directory);
    await prepareDirectories(layout, files);
    try {
      const held = await lock(layout.lock, { clock, random });
      try {
        const quarantine = new Quarantine(layout.quarantine, segmentBytesOf(options) * 4, files, report);
        await quarantine.load();
        const loaded = await loadJournal(layout, { files, report, random, taken: quarantine.highest });
        const reserveFile = new ReserveFile(
          { path: layout.reserveFile, bytes: options.reserveFileBytes },
          dependencies,
        );
        await reserveFile.load();
        const drops = new UnreportedDrops(layout.dropped, dependencies);
        await drops.load();
        const journal = new Journal(options, dependencies, {
          layout,
          lock: held,
          reserveFile,
          drops,
          loaded,
          quarantine,
        });
        if (!loaded.cursorStands) await journal.#cursor.persist();
        await journal.#removal.run();
        return journal;
      } catch (error) {
        await held.release();
        throw error;
      }
    } catch (error) {
      throw unusable(options.directory, error);
    }
  }

  private constructor(
    options: JournalOptions,
    dependencies: JournalDependencies,
    parts: {
      layout: Layout;
      lock: Lock;
      reserveFile: ReserveFile;
      drops: UnreportedDrops;
      loaded: LoadedJournal;
      quarantine: Quarantine;
    },
  ) {
    const { files, clock, report, problems, randomBytes, notice } = dependencies;
    const { layout, lock, reserveFile, drops, loaded, quarantine } = parts;
    this.#drops = drops;
    this.#grown = new Signal(clock);
    const { id, seed, segments, checkpoint, nextEntry } = loaded;
    this.run = randomBytes(8).toString('hex');
    this.follows = checkpoint.last;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#layout = layout;
    this.#lock = lock;
    this.#seed = seed;
    this.#segments = segments;
    this.#backlogIndex = loaded.backlogIndex;
    this.#quarantine = quarantine;
    this.#cursor = new CursorKeeper({ path: layout.cursor, journal: id, entry: loaded.cursor }, dependencies);
    if (loaded.cursorStands) this.#cursor.stands();
    this.#removal = new SegmentRemoval(segments, () => this.cursor, dependencies);
    this.#writer = new Writer(
      { id, seed, layout, segmentBytes: segmentBytesOf(options), nextEntry, checkpoint },
      {
        ...{ files, clock, report, problems, segments },
        synced: (group) => {
          this.#backlogIndex.noteGroup(group, this.#writer.checkpoint.messages);
          this.#grown.notify();
        },
        giveWay: (cause) => reserveFile.giveWay(cause),
        rolled: () => void this.#removal.run().then(() => this.#quota.freed()),
      },
    );
    this.#salvage = new Salvage({
      files,
      report,
      segments,
      seed,
      quarantine,
      cursor: () => this.cursor,
      end: () => this.#writer,
      notice,
      told: () => void this.acknowledge(this.#acknowledged),
    });
    const around = { removal: this.#removal, writer: this.#writer, cursor: this.#cursor, drops };
    this.#retention = new Retention(options.whenFull, { files, problems, segments, seed, notice, ...around });
    this.#quota = new Quota(options, {
      files,
      clock,
      problems,
      reserveFile,
      bytes: () => this.#bytes,
      makeRoom: () => this.#retention.now(),
      notice: (told) => void notice(told),
    });
  }

  /** Of all tails, as of the last synced entry. */
  get positions(): readonly Position[] {
    return [...this.#writer.checkpoint.positions.values()];
  }

  /** Acknowledged up to this entry. */
  get cursor(): number {
    return this.#cursor.entry;
  }

  /**
   * Resolves when the entry is accepted; it is on disk after `flushed`. Entries are written in the order of the calls.
   * Rejects with JournalFailed when writing has failed, then and until `recover`; with AgentError `journal-full` when
   * even the reserve is used up, which a caller that waits for `room` before it reads does not meet.
   */
  async append(entry: NewEntry, { own = false }: { readonly own?: boolean } = {}): Promise<void> {
    this.#quota.admit(entry.frames.length);
    await this.#writer.append(entry, own);
  }

  /** Resolves when all that was appended so far is on disk; rejects with JournalFailed. */
  flushed(): Promise<void> {
    return this.#writer.flushed();
  }

  /**
   * After JournalFailed: gives up what was not synced and goes on in a new segment as soon as the disk takes one.
   * Says where every tail has to be read from and which seq comes next. Rejects when the signal aborts first.
   */
  async recover(signal: AbortSignal): Promise<{ positions: readonly Position[]; nextSeq: number }> {
    await this.#writer.recover(signal);
    const { last } = this.#writer.checkpoint;
    return { positions: this.positions, nextSeq: last?.run === this.run ? last.seq + 1 : 1 };
  }

  /** Resolves when lines may be read, or when the signal aborts. */
  room(signal: AbortSignal): Promise<void> {
    return this.#quota.room(signal);
  }

  /** Reads what is synced and not acknowledged, or from a place where another reader stood. */
  reader(from: ReadPoint = { entry: this.cursor }): Reader {
    return new Reader(
      {
        files: this.#dependencies.files,
        segments: this.#segments,
        seed: this.#seed,
        salvage: this.#salvage,
        grown: this.#grown,
        cursor: () => this.cursor,
        gone: (segment, cause) => this.#writer.giveUp(segment, cause),
      },
      from,
    );
  }

  /** Moves the cursor up to `entry`, never back, and removes the segments that lie wholly before it. */
  async acknowledge(entry: number): Promise<void> {
    this.#acknowledged = Math.max(this.#acknowledged, entry);
    await this.#cursor.moveTo(Math.min(this.#acknowledged, this.#writer.synced, this.#salvage.limit));
    this.#backlogIndex.forget(this.cursor + 1);
    await this.#drops.acknowledged(entry);
    // Patient data that nobody needs any more does not lie about until a segment is full.
    if (this.cursor >= this.#writer.synced && this.#segments.bytes > FLOOR_BYTES) await this.#writer.roll();
    await this.#removal.run();
    this.#quota.freed();
  }

  /**
   * Until `stop`: when somebody removes what is in the directory, it is made anew, with the lock, and with the positions
   * as they are in memory; until then that is a problem. Rejects with AgentError `journal-locked` when another agent
   * has taken the journal meanwhile.
   */
  async watch(stop: AbortSignal): Promise<void> {
    const { clock } = this.#dependencies;
    for (;;) {
      await clock.sleep(LOOK_MS, stop);
      if (stop.aborted) return;
      await this.#lookForRemoval();
    }
  }

  async #lookForRemoval(): Promise<void> {
    const { files, clock, problems, randomBytes: random, lock = takeLock } = this.#dependencies;
    const problem: Problem = {
      key: 'journal-removed',
      level: 'error',
      message: 'Somebody has removed files of the journal under the running agent; they are made anew',
      facts: { directory: this.#options.directory },
      remedy:
        'find out who did it; messages that were not acknowledged are read again from the log files that still exist',
      over: 'The journal is whole again',
    };
    try {
      const stands = (await this.#lock.stands?.()) ?? true;
      if (!stands) {
        problems.raise(problem);
        await prepareDirectories(this.#layout, files);
        const lost = this.#lock;
        this.#lock = await lock(this.#layout.lock, { clock, random });
        await lost.release();
      }
      const renewed = await this.#writer.renew();
      if (renewed) problems.raise(problem);
      if (stands && !renewed) problems.clear(problem.key);
    } catch (error) {
      if (error instanceof AgentError && error.code === 'journal-locked') throw error;
      problems.raise({ ...problem, facts: { ...problem.facts, reason: reasonOf(error) } });
    }
  }

  state(): JournalState {
    const { cursor } = this;
    const { synced, checkpoint, failed, faults } = this.#writer;
    const oldest = cursor + 1;
    const before = this.#backlogIndex.messages(oldest, { entry: synced + 1, messages: checkpoint.messages });
    return {
      cursor,
      synced,
      entriesWaiting: Math.max(0, synced - cursor),
      messagesWaiting: checkpoint.messages - before,
      oldestUnacknowledgedAtMs: oldest > synced ? undefined : this.#backlogIndex.atMs(oldest),
      bytes: this.#bytes,
      maxBytes: this.#options.maxBytes,
      segments: this.#segments.all.length,
      full: this.#quota.full,
      limit: this.#quota.limit,
      freeBytes: this.#quota.freeBytes,
      failed: this.#closed === undefined ? failed?.message : undefined,
      faults,
      damages: this.#salvage.damages,
      quarantined: this.#quarantine.count,
      quarantinedBytes: this.#quarantine.bytes,
      dropped: this.#retention.dropped,
    };
  }

  /** Writes what was accepted and lets the lock go. Readers end when they notice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  get #bytes(): number {
    return this.#segments.bytes + this.#writer.queuedBytes;
  }

  async #close(): Promise<void> {
    await this.#writer.close();
    await this.#cursor.close();
    await this.#removal.run();
    await this.#lock.release();
  }
}

/** For `status`; answered at once, whatever the backlog. */
export interface JournalState {
  readonly cursor: number;
  /** The last entry on disk. */
  readonly synced: number;
  readonly entriesWaiting: number;
  /** Estimated between two points of the backlog index, exact when nothing waits. */
  readonly messagesWaiting: number;
  /** When the oldest unacknowledged entry was written, ms since 1970; `undefined` when nothing waits. */
  readonly oldestUnacknowledgedAtMs: number | undefined;
  /** On disk and on the way there. */
  readonly bytes: number;
  readonly maxBytes: number;
  /** On its volume, as last seen; `undefined` before the first look, and where it cannot be seen. */
  readonly freeBytes: number | undefined;
  readonly segments: number;
  readonly full: boolean;
  /** Which limit it has met, while it is full. */
  readonly limit: Full['limit'] | undefined;
  /** Why the journal cannot be written just now. */
  readonly failed: string | undefined;
  /** Failed writes and syncs since the start. */
  readonly faults: number;
  /** Damaged places met since the start, and all that lie in quarantine. */
  readonly damages: number;
  readonly quarantined: number;
  readonly quarantinedBytes: number;
  /** Messages dropped to make room since the start. */
  readonly dropped: number;
}
