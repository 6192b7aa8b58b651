/**
 * What may go when the journal is full: always what is acknowledged, also from
 * the newest segment; with `whenFull: drop-oldest` the oldest segment, too, and
 * then the messages in it that nobody has acknowledged are counted exactly.
 */
import type { Clock } from '../../lib/clock.js';
import { reasonOf } from '../../lib/errors.js';
import { type Files, readWhole, removeIfThere, replaceWhole } from '../../lib/files.js';
import { Complaint } from '../../lib/report-once.js';
import type { Report } from '../../model/report.js';
import { NOWHERE, Stand, standingBefore } from '../disk/checkpoint.js';
import type { CursorKeeper } from '../disk/cursor.js';
import { readSegment, type Segment, type Segments } from '../disk/segments.js';
import type { Seed } from '../format/entry.js';
import { walk } from '../format/scan.js';
import { between } from '../read/damage.js';
import type { Dropped, JournalOptions, MissingMessages } from '../types.js';
import type { Writer } from '../write/writer.js';

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

/** Removes segments that are wholly acknowledged, oldest first, once a later one is on disk. */
export interface RemovalDependencies {
  readonly files: Files;
  readonly clock: Clock;
  readonly report: Report;
  readonly segments: Segments;
  cursor(): number;
}

export class Removal {
  readonly #complaint: Complaint;
  #running: Promise<void> = Promise.resolve();

  constructor(private readonly dependencies: RemovalDependencies) {
    this.#complaint = new Complaint('A segment cannot be removed', dependencies.report, dependencies.clock);
  }

  /** Never rejects: what cannot be removed now is tried again the next time. */
  run(): Promise<void> {
    this.#running = this.#running.then(() => this.#remove());
    return this.#running;
  }

  async #remove(): Promise<void> {
    const { files, segments, cursor } = this.dependencies;
    for (;;) {
      const oldest = segments.oldest;
      const next = oldest && segments.after(oldest);
      if (oldest === undefined || next === undefined || next.first - 1 > cursor()) return;
      try {
        await removeIfThere(oldest.path, files);
      } catch (error) {
        this.#complaint.say(error, { file: oldest.path });
        return;
      }
      segments.shift();
      this.#complaint.over('Segments can be removed again');
    }
  }
}

/**
 * What was dropped to make room, until the collector has acknowledged the word
 * of it. That word lies in the journal like any other and may be dropped in its
 * turn, so each one tells of everything since the last that got through. Kept
 * in `dropped.json`, because the next may come after a restart.
 */
interface Untold {
  readonly messages: number;
  readonly missing: readonly MissingMessages[];
  /** The word of it stands at or before this entry. */
  readonly toldBy: number | undefined;
}

const NOTHING: Untold = { messages: 0, missing: [], toldBy: undefined };

export class Drops {
  #untold = NOTHING;

  constructor(
    private readonly path: string,
    private readonly dependencies: { readonly files: Files; readonly report: Report },
  ) {}

  /** What an earlier run has left. Never rejects: a file that cannot be read costs words, no message. */
  async load(): Promise<void> {
    try {
      const bytes = await readWhole(this.path, this.dependencies.files);
      if (bytes !== undefined) this.#untold = untoldIn(bytes.toString());
    } catch (error) {
      this.#warn('What was dropped before the start is not told again', error);
    }
  }

  /** Gives what the collector is to be told now. */
  async add({ messages, missing }: Omit<Dropped, 'kind'>): Promise<Dropped> {
    const { messages: before, missing: known } = this.#untold;
    const all = { messages: before + messages, missing: missing.reduce(joined, known) };
    await this.#keep({ ...all, toldBy: undefined });
    return { kind: 'dropped', ...all };
  }

  /** The word of what was dropped so far stands in the journal, at this entry or before it. */
  async told(told: Dropped, by: number): Promise<void> {
    if (told.messages === this.#untold.messages) await this.#keep({ ...this.#untold, toldBy: by });
  }

  /** The collector has acknowledged up to this entry. */
  async acknowledged(entry: number): Promise<void> {
    const { toldBy } = this.#untold;
    if (toldBy !== undefined && toldBy <= entry) await this.#keep(NOTHING);
  }

  async #keep(untold: Untold): Promise<void> {
    this.#untold = untold;
    const { files } = this.dependencies;
    try {
      if (untold === NOTHING) await removeIfThere(this.path, files);
      else await replaceWhole(this.path, [Buffer.from(`${JSON.stringify(untold)}\n`)], files);
    } catch (error) {
      this.#warn('What was dropped cannot be kept: after a restart less of it is told', error);
    }
  }

  #warn(message: string, error: unknown): void {
    this.dependencies.report.warning(message, { file: this.path, reason: reasonOf(error) });
  }
}

/** Neighbours become one: however long the collector is away, the word stays short. */
function joined(known: readonly MissingMessages[], next: MissingMessages): readonly MissingMessages[] {
  const last = known.at(-1);
  if (last === undefined || last.run !== next.run || last.lastSeq !== next.firstSeq - 1) return [...known, next];
  return [...known.slice(0, -1), { ...last, lastSeq: next.lastSeq }];
}

function untoldIn(text: string): Untold {
  const { messages, missing, toldBy }: Untold = JSON.parse(text);
  if (!Number.isSafeInteger(messages) || !Array.isArray(missing)) throw new Error('it is not what was written');
  return { messages, missing, toldBy };
}
