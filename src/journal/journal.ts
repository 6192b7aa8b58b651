/**
 * The durable queue between the log files and the collector. An entry that was
 * synced is there until it is acknowledged, whatever crashes; nothing can be read
 * before it is synced; and of every tail it knows the position that goes with the
 * last synced entry. The format: entry-codec.ts, segment-codec.ts, layout.ts.
 */
import { Signal } from '../lib/signal.js';
import type { MessageName, NewEntry, Run } from '../model/entry.js';
import type { Position } from '../model/position.js';
import type { Milestones } from './disk/backlog-index.js';
import { CursorKeeper } from './disk/cursor.js';
import { Layout, prepareDirectories, unusable } from './disk/layout.js';
import { type Lock, takeLock } from './disk/lock.js';
import { type Recalled, recall } from './disk/recovery.js';
import type { Segments } from './disk/segments.js';
import { Quarantine } from './read/quarantine.js';
import { Reader, type ReadPoint } from './read/reader.js';
import { Salvage } from './read/salvage.js';
import { Space } from './space/quota.js';
import { Ballast } from './space/reserve-file.js';
import { Drops, MakeRoom, Removal } from './space/retention.js';
import { FLOOR_BYTES, type Full, type JournalDependencies, type JournalOptions, segmentBytesOf } from './types.js';
import { Writer } from './write/writer.js';

export class Journal {
  /** 16 hex digits, new at each open. */
  readonly run: Run;
  /** The last message that was found intact on disk. */
  readonly follows: MessageName | undefined;

  readonly #options: JournalOptions;
  readonly #dependencies: JournalDependencies;
  readonly #lock: Lock;
  readonly #seed: number;
  readonly #segments: Segments;
  readonly #milestones: Milestones;
  readonly #cursor: CursorKeeper;
  readonly #quarantine: Quarantine;
  readonly #drops: Drops;
  readonly #salvage: Salvage;
  readonly #writer: Writer;
  readonly #removal: Removal;
  readonly #makeRoom: MakeRoom;
  readonly #space: Space;
  readonly #grown: Signal;
  /** What the collector has acknowledged; the cursor waits at damage that is not told for good. */
  #acknowledged = 0;
  #closed: Promise<void> | undefined;

  /**
   * Makes the directory when there is none, and starts a new run. Throws AgentError: `journal-locked` names the pid of
   * the agent that has it, `journal-newer`, `journal-exposed`, `journal-unusable`.
   */
  static async open(options: JournalOptions, dependencies: JournalDependencies): Promise<Journal> {
    const { files, clock, report, random, lock = takeLock } = dependencies;
    const layout = new Layout(options.directory);
    await prepareDirectories(layout, files);
    try {
      const held = await lock(layout.lock, { clock, random });
      try {
        const quarantine = new Quarantine(layout.quarantine, segmentBytesOf(options) * 4, files, report);
        await quarantine.load();
        const recalled = await recall(layout, { files, report, random, taken: quarantine.highest });
        const ballast = new Ballast({ path: layout.ballast, bytes: options.ballastBytes }, dependencies);
        await ballast.load();
        const drops = new Drops(layout.dropped, { files, report });
        await drops.load();
        const journal = new Journal(options, dependencies, {
          layout,
          lock: held,
          ballast,
          drops,
          recalled,
          quarantine,
        });
        if (!recalled.cursorStands) await journal.#cursor.persist();
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
    parts: { layout: Layout; lock: Lock; ballast: Ballast; drops: Drops; recalled: Recalled; quarantine: Quarantine },
  ) {
    const { files, clock, report, random, notice } = dependencies;
    const { layout, lock, ballast, drops, recalled, quarantine } = parts;
    this.#drops = drops;
    this.#grown = new Signal(clock);
    const { id, seed, segments, standing, nextEntry } = recalled;
    this.run = random(8).toString('hex');
    this.follows = standing.last;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#lock = lock;
    this.#seed = seed;
    this.#segments = segments;
    this.#milestones = recalled.milestones;
    this.#quarantine = quarantine;
    this.#cursor = new CursorKeeper({ path: layout.cursor, journal: id, entry: recalled.cursor }, dependencies);
    if (recalled.cursorStands) this.#cursor.stands();
    this.#removal = new Removal({ files, clock, report, segments, cursor: () => this.cursor });
    this.#writer = new Writer(
      { id, seed, layout, segmentBytes: segmentBytesOf(options), nextEntry, standing },
      {
        ...{ files, clock, report, segments },
        synced: (group) => {
          this.#milestones.noteGroup(group, this.#writer.standing.messages);
          this.#grown.notify();
        },
        giveWay: (cause) => ballast.giveWay(cause),
        rolled: () => void this.#removal.run().then(() => this.#space.freed()),
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
    this.#makeRoom = new MakeRoom(options.whenFull, { files, report, segments, seed, notice, ...around });
    this.#space = new Space(options, {
      files,
      clock,
      report,
      ballast,
      bytes: () => this.#bytes,
      makeRoom: () => this.#makeRoom.now(),
      notice: (told) => void notice(told),
    });
  }

  /** Of all tails, as of the last synced entry. */
  get positions(): readonly Position[] {
    return [...this.#writer.standing.positions.values()];
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
    this.#space.admit(entry.frames.length);
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
    const { last } = this.#writer.standing;
    return { positions: this.positions, nextSeq: last?.run === this.run ? last.seq + 1 : 1 };
  }

  /** Resolves when lines may be read, or when the signal aborts. */
  room(signal: AbortSignal): Promise<void> {
    return this.#space.room(signal);
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
    this.#milestones.forget(this.cursor + 1);
    await this.#drops.acknowledged(entry);
    // Patient data that nobody needs any more does not lie about until a segment is full.
    if (this.cursor >= this.#writer.synced && this.#segments.bytes > FLOOR_BYTES) await this.#writer.roll();
    await this.#removal.run();
    this.#space.freed();
  }

  state(): JournalState {
    return journalState({
      maxBytes: this.#options.maxBytes,
      bytes: this.#bytes,
      cursor: this.cursor,
      closed: this.#closed !== undefined,
      segments: this.#segments,
      writer: this.#writer,
      milestones: this.#milestones,
      space: this.#space,
      salvage: this.#salvage,
      quarantine: this.#quarantine,
      makeRoom: this.#makeRoom,
    });
  }

  /** Writes what was accepted and lets the lock go. Readers end by themselves. */
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
  /** Estimated between milestones, exact when nothing waits. */
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

export interface JournalParts {
  readonly maxBytes: number;
  /** On disk and on the way there. */
  readonly bytes: number;
  readonly cursor: number;
  readonly closed: boolean;
  readonly segments: Segments;
  readonly writer: Writer;
  readonly milestones: Milestones;
  readonly space: Space;
  readonly salvage: Salvage;
  readonly quarantine: Quarantine;
  readonly makeRoom: MakeRoom;
}

function journalState(parts: JournalParts): JournalState {
  const { maxBytes, bytes, cursor, closed, segments, writer, milestones, space, salvage, quarantine, makeRoom } = parts;
  const { synced, standing, failed, faults } = writer;
  const oldest = cursor + 1;
  const before = milestones.messages(oldest, { entry: synced + 1, messages: standing.messages });
  return {
    cursor,
    synced,
    entriesWaiting: Math.max(0, synced - cursor),
    messagesWaiting: standing.messages - before,
    oldestUnacknowledgedAtMs: oldest > synced ? undefined : milestones.atMs(oldest),
    bytes,
    maxBytes,
    segments: segments.all.length,
    full: space.full,
    limit: space.limit,
    freeBytes: space.freeBytes,
    failed: closed ? undefined : failed?.message,
    faults,
    damages: salvage.damages,
    quarantined: quarantine.count,
    quarantinedBytes: quarantine.bytes,
    dropped: makeRoom.dropped,
  };
}
