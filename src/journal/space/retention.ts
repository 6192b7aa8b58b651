/**
 * Removes what may go when the journal is full: always what is acknowledged, also
 * from the newest segment; with `whenFull: drop-oldest` the oldest segment, too,
 * and then the unacknowledged messages in it are counted exactly.
 */
import { diskProblem } from '../../lib/disk-remedy.js';
import { removeIfThere } from '../../lib/files.js';
import { JsonFile } from '../../lib/json-file.js';
import { checkpointBefore, EMPTY_CHECKPOINT, RunningCheckpoint } from '../disk/checkpoint.js';
import type { CursorKeeper } from '../disk/cursor.js';
import { readSegment, type Segment, type Segments } from '../disk/segments.js';
import type { Seed } from '../format/entry.js';
import { scanSegment } from '../format/scan.js';
import { between } from '../read/damage.js';
import type { Dropped, JournalContext, JournalOptions, MissingMessages } from '../types.js';
import type { Writer } from '../write/writer.js';

export interface RetentionDependencies extends Pick<JournalContext, 'files' | 'problems'> {
  readonly segments: Segments;
  readonly seed: Seed;
  readonly writer: Writer;
  readonly cursor: CursorKeeper;
  readonly removal: SegmentRemoval;
  readonly drops: UnreportedDrops;
  /** Resolves when the message is on disk. */
  notice(dropped: Dropped): void | Promise<void>;
}

export class Retention {
  #dropped = 0;

  constructor(
    private readonly whenFull: JournalOptions['whenFull'],
    private readonly dependencies: RetentionDependencies,
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
    const { cursor, problems, writer, drops, notice } = this.dependencies;
    const kept = await this.#acknowledgedIn(oldest);
    const end = (await checkpointBefore(next, this.dependencies)) ?? EMPTY_CHECKPOINT;
    const messages = end.messages - kept.messages;
    await cursor.moveTo(next.first - 1);
    this.#dropped += messages;
    problems.happened({
      key: 'dropped',
      level: 'error',
      message: 'The oldest messages were dropped to make room',
      facts: { file: oldest.path, messages },
      remedy: 'let the collector catch up, raise journal.maxBytes, or set journal.whenFull to wait',
    });
    // A segment holds messages of one run only: where the run changes, the one before is complete.
    const missing = between(kept.last, end.last).filter(({ lastSeq }) => lastSeq !== undefined);
    const report = await drops.add({ messages, missing });
    void Promise.resolve(notice(report)).then(() => drops.reported(report, writer.synced));
  }

  /** Where things stand at the cursor, which may lie within the segment. */
  async #acknowledgedIn(segment: Segment): Promise<RunningCheckpoint> {
    const { files, seed, cursor } = this.dependencies;
    const checkpoint = new RunningCheckpoint((await checkpointBefore(segment, this.dependencies)) ?? EMPTY_CHECKPOINT);
    if (cursor.entry < segment.first) return checkpoint;
    const { start, first } = segment;
    const bytes = await readSegment(segment, files);
    for (const step of scanSegment(bytes, { start, first, limit: cursor.entry + 1, seed })) {
      if (step.kind === 'entry') checkpoint.pass(step.entry);
    }
    return checkpoint;
  }
}

/** Removes segments that are wholly acknowledged, oldest first, once a later one is on disk. */
export class SegmentRemoval {
  #running: Promise<void> = Promise.resolve();

  constructor(
    private readonly segments: Segments,
    private readonly cursor: () => number,
    private readonly context: Pick<JournalContext, 'files' | 'problems'>,
  ) {}

  /** Never rejects: what cannot be removed now is tried again the next time. */
  run(): Promise<void> {
    this.#running = this.#running.then(() => this.#remove());
    return this.#running;
  }

  async #remove(): Promise<void> {
    const { segments } = this;
    const { files, problems } = this.context;
    for (;;) {
      const oldest = segments.oldest;
      const next = oldest && segments.after(oldest);
      if (oldest === undefined || next === undefined || next.first - 1 > this.cursor()) return;
      try {
        await removeIfThere(oldest.path, files);
      } catch (error) {
        problems.raise(
          diskProblem(error, {
            key: 'segment-removal',
            message: 'A segment cannot be removed',
            facts: { file: oldest.path },
            over: 'Segments can be removed again',
          }),
        );
        return;
      }
      segments.shift();
      problems.clear('segment-removal');
    }
  }
}

/** What was dropped and is not yet reported for good, as `dropped.json` has it. */
interface Unreported {
  readonly messages: number;
  readonly missing: readonly MissingMessages[];
  /** The `dropped` message stands at or before this entry. */
  readonly toldBy: number | undefined;
}

const NOTHING: Unreported = { messages: 0, missing: [], toldBy: undefined };

/**
 * What was dropped to make room, until the collector has acknowledged the
 * `dropped` message. That message lies in the journal like any other and may be
 * dropped itself, so each one reports everything since the last that got through.
 * Kept in `dropped.json`, because the next may come after a restart.
 */
export class UnreportedDrops {
  #unreported = NOTHING;
  readonly #file: JsonFile<Unreported>;

  constructor(path: string, context: Pick<JournalContext, 'files' | 'problems'>) {
    const unreadable = 'What was dropped before the start cannot be reported again';
    const unwritable = 'What was dropped cannot be saved: after a restart less of it is reported';
    this.#file = new JsonFile({ path, parse: unreportedOf, unreadable, unwritable }, context);
  }

  /** What an earlier run has left. Never rejects: a file that cannot be read costs a report, no message. */
  async load(): Promise<void> {
    this.#unreported = (await this.#file.read()) ?? NOTHING;
  }

  /** Gives what the collector is to be told now. */
  async add({ messages, missing }: Omit<Dropped, 'kind'>): Promise<Dropped> {
    const { messages: before, missing: known } = this.#unreported;
    const all = { messages: before + messages, missing: missing.reduce(joined, known) };
    await this.#save({ ...all, toldBy: undefined });
    return { kind: 'dropped', ...all };
  }

  /** The message that reports what was dropped so far stands in the journal, at this entry or before it. */
  async reported(report: Dropped, by: number): Promise<void> {
    if (report.messages === this.#unreported.messages) await this.#save({ ...this.#unreported, toldBy: by });
  }

  /** The collector has acknowledged up to this entry. */
  async acknowledged(entry: number): Promise<void> {
    const { toldBy } = this.#unreported;
    if (toldBy !== undefined && toldBy <= entry) await this.#save(NOTHING);
  }

  async #save(unreported: Unreported): Promise<void> {
    this.#unreported = unreported;
    await this.#file.write(unreported === NOTHING ? undefined : unreported);
  }
}

/** Neighbours become one range: however long the collector is away, the message stays short. */
function joined(known: readonly MissingMessages[], next: MissingMessages): readonly MissingMessages[] {
  const last = known.at(-1);
  if (last === undefined || last.run !== next.run || last.lastSeq !== next.firstSeq - 1) return [...known, next];
  return [...known.slice(0, -1), { ...last, lastSeq: next.lastSeq }];
}

function unreportedOf(content: unknown): Unreported {
  const { messages, missing, toldBy } = content as Unreported;
  if (!Number.isSafeInteger(messages) || !Array.isArray(missing)) throw new SyntaxError('not what was written');
  return { messages, missing, toldBy };
}
