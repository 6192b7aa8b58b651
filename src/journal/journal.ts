/**
 * The durable queue between the log files and the collector. An entry that was
 * synced is there until it is acknowledged, whatever crashes; nothing can be read
 * before it is synced; and of every tail it knows the position that goes with the
 * last synced entry. The format: entry-codec.ts, segment-codec.ts, layout.ts.
 */
import type { Clock } from '../lib/clock.js';
import { AgentError } from '../lib/errors.js';
import type { MessageName, NewEntry, Run } from '../model/entry.js';
import type { Position } from '../model/position.js';
import type { Report } from '../model/report.js';
import { CursorKeeper } from './cursor-keeper.js';
import { dropOldest } from './drop-oldest.js';
import type { Files } from './files.js';
import { Layout, prepareDirectories, unusable } from './layout.js';
import { type Lock, takeLock } from './lock.js';
import type { Milestones } from './milestones.js';
import type { JournalNotice } from './notice.js';
import { Quarantine } from './quarantine.js';
import { Reader, type ReadPoint } from './reader.js';
import { type Recalled, recall } from './recall.js';
import { Removal } from './removal.js';
import { Salvage } from './salvage.js';
import type { Segments } from './segments.js';
import { Space } from './space.js';
import type { JournalState } from './state.js';
import { Wake } from './wake.js';
import { Writer } from './writer.js';

const SEGMENT_BYTES = 64 * 1024 * 1024;
const RESERVE_BYTES = 32 * 1024 * 1024;
/** A full journal of one segment could never be emptied: what is acknowledged goes by segments. */
const LEAST_SEGMENTS = 4;

export interface JournalOptions {
  readonly directory: string;
  readonly maxBytes: number;
  /** Share of the volume that stays free, 0 to 1. */
  readonly keepFree: number;
  readonly whenFull: 'wait' | 'drop-oldest';
  /** Default 64 MiB, at most a quarter of `maxBytes`. */
  readonly segmentBytes?: number;
  /** Kept beside `maxBytes` for positions and the agent's own messages. Default 32 MiB. */
  readonly reserveBytes?: number;
}

export interface JournalDependencies {
  readonly files: Files;
  readonly clock: Clock;
  readonly report: Report;
  random(bytes: number): Buffer;
  /**
   * What the collector should be told. For `damaged`, resolve once the message and the ranges read again are in the
   * journal: until then every start tells it again.
   */
  notice(notice: JournalNotice): void | Promise<void>;
  /** Default: a Unix socket, lock.ts. */
  readonly lock?: typeof takeLock;
}

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
  readonly #salvage: Salvage;
  readonly #writer: Writer;
  readonly #removal: Removal;
  readonly #space: Space;
  readonly #grown = new Wake();
  #dropped = 0;
  #closed: Promise<void> | undefined;

  /**
   * Makes the directory when there is none, and starts a new run. Throws AgentError: `journal-locked` names the pid of
   * the agent that has it, `journal-newer`, `journal-exposed`, `journal-path-too-long`, `journal-unusable`.
   */
  static async open(options: JournalOptions, dependencies: JournalDependencies): Promise<Journal> {
    const { files, clock, random, lock = takeLock } = dependencies;
    const layout = new Layout(options.directory);
    await prepareDirectories(layout, files);
    try {
      const held = await lock(layout.lock, { clock, random });
      try {
        const recalled = await recall(layout, dependencies);
        const quarantine = new Quarantine(layout.quarantine, segmentBytesOf(options) * 4, files, dependencies.report);
        await quarantine.load();
        const journal = new Journal(options, dependencies, { layout, lock: held, recalled, quarantine });
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
    parts: { layout: Layout; lock: Lock; recalled: Recalled; quarantine: Quarantine },
  ) {
    const { files, clock, report, random, notice } = dependencies;
    const { layout, lock, recalled, quarantine } = parts;
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
        files,
        clock,
        report,
        segments,
        synced: (group, rolled) => {
          let messages = this.#writer.standing.messages;
          for (const { count } of group) messages -= count;
          for (const { number, writtenAtMs, count } of group) {
            this.#milestones.note({ entry: number, atMs: writtenAtMs, messages });
            messages += count;
          }
          this.#grown.wake();
          if (rolled) this.#removeAcknowledged();
        },
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
    });
    this.#space = new Space(options, {
      files,
      clock,
      report,
      bytes: () => this.#bytes,
      makeRoom: () => this.#makeRoom(),
      notice: (told) => void notice(told),
    });
  }

  /** Of all tails, as of the last synced entry. */
  get positions(): readonly Position[] {
    return [...this.#writer.standing.positions.values()];
  }

  /** The last acknowledged entry number. */
  get cursor(): number {
    return this.#cursor.entry;
  }

  /**
   * Resolves when the entry is accepted; it is on disk after `flushed`. Entries are written in the order of the calls.
   * Rejects with JournalFailed when writing has failed, then and until `recover`; with AgentError `journal-full` when
   * even the reserve is used up, which a caller that waits for `room` before it reads does not meet.
   */
  async append(entry: NewEntry, { own = false }: { readonly own?: boolean } = {}): Promise<void> {
    const { maxBytes, reserveBytes = RESERVE_BYTES, directory } = this.#options;
    if (this.#bytes + entry.frames.length > maxBytes + reserveBytes) {
      throw new AgentError('journal-full', `the journal in ${directory} has used up its reserve`, {
        hint: 'let the collector catch up, or raise journal.maxBytes',
      });
    }
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
        wake: this.#grown,
        cursor: () => this.cursor,
      },
      from,
    );
  }

  /** Moves the cursor up to `entry`, never back, and removes the segments that lie wholly before it. */
  async acknowledge(entry: number): Promise<void> {
    await this.#cursor.moveTo(Math.min(entry, this.#writer.synced));
    this.#milestones.forget(this.cursor + 1);
    await this.#removal.run();
    this.#space.freed();
  }

  state(): JournalState {
    const { synced, standing, failed, faults } = this.#writer;
    const oldest = this.cursor + 1;
    const before = this.#milestones.messages(oldest, { entry: synced + 1, messages: standing.messages });
    return {
      cursor: this.cursor,
      synced,
      entriesWaiting: Math.max(0, synced - this.cursor),
      messagesWaiting: standing.messages - before,
      oldestUnacknowledgedAtMs: oldest > synced ? undefined : this.#milestones.atMs(oldest),
      bytes: this.#bytes,
      maxBytes: this.#options.maxBytes,
      segments: this.#segments.all.length,
      full: this.#space.full,
      failed: failed?.message,
      faults,
      damages: this.#salvage.damages,
      quarantined: this.#quarantine.count,
      quarantinedBytes: this.#quarantine.bytes,
      dropped: this.#dropped,
    };
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

  #removeAcknowledged(): void {
    void this.#removal.run().then(() => this.#space.freed());
  }

  /** What is acknowledged goes in any case, also when it fills the newest segment; more only if the operator says so. */
  async #makeRoom(): Promise<boolean> {
    const before = this.#bytes;
    if (this.cursor >= this.#writer.synced) await this.#writer.roll();
    await this.#removal.run();
    if (this.#bytes < before) return true;
    if (this.#options.whenFull === 'wait') return false;

    const dropped = await dropOldest({
      files: this.#dependencies.files,
      segments: this.#segments,
      seed: this.#seed,
      writer: this.#writer,
      cursor: this.#cursor,
    });
    if (dropped === undefined) return false;
    await this.#removal.run();
    this.#dropped += dropped.messages;
    this.#dependencies.report.error('The oldest messages were dropped to make room', { messages: dropped.messages });
    void this.#dependencies.notice({ kind: 'dropped', ...dropped });
    return this.#bytes < before;
  }
}

function segmentBytesOf({ segmentBytes = SEGMENT_BYTES, maxBytes }: JournalOptions): number {
  return Math.min(segmentBytes, Math.floor(maxBytes / LEAST_SEGMENTS));
}
