/**
 * Which unknown files are followed, and from where. A file that the patterns
 * match always is; a rotated generation that they do not match is, when it was
 * written to after its log was last read (it came and went while nobody looked),
 * or when nothing of its log has been read yet and the source starts at the beginning.
 */
import { basename } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import type { ByteOffset, Position } from '../../model/position.js';
import type { Report } from '../../model/report.js';
import { compressionOf } from '../find/rotated-name.js';
import type { FoundFile } from '../find/snapshot.js';
import type { Content } from '../read/content.js';
import { digest, fileIdentity, marksAt } from '../read/fingerprint.js';
import type { FileInspector } from '../read/open-files.js';
import { stampOf, Tail, type TailLimits } from '../read/tail.js';
import type { Tails } from '../read/tail-registry.js';
import type { FollowedLogs } from './followed-logs.js';

export interface NewTailOptions extends TailLimits {
  readonly name: string;
  readonly startAt: 'beginning' | 'end';
}

export interface NewTailsDependencies {
  readonly sources: ReadonlyMap<string, NewTailOptions>;
  /** Sources that have run before: `startAt: end` is over for them. */
  readonly startedBefore: ReadonlySet<string>;
  readonly tails: Tails;
  readonly logs: FollowedLogs;
  readonly inspector: FileInspector;
  readonly clock: Clock;
  readonly report: Report;
  readonly newTailId: () => string;
}

// An incomplete file that is this fresh is being written. (gzip sets the original's time when it has finished.)
const COMPRESSING_MS = 5_000;
const LINE_SEARCH_BYTES = 64 * 1024;
const LF = 0x0a;

export class NewTails {
  readonly #told = new Set<string>();
  #looks = 1;

  constructor(readonly deps: NewTailsDependencies) {}

  /** After the first look `startAt: end` is over. */
  endLook(): void {
    this.#looks++;
  }

  /** `later`: a compressed file that is still being written. */
  async isWanted(file: FoundFile): Promise<'yes' | 'no' | 'later'> {
    const [{ path, matched }] = file.names;
    const compression = compressionOf(basename(path));
    if (compression === 'unsupported') {
      if (matched) this.#warnOnce(path, 'A compressed log file cannot be read, only gzip can', { path });
      return 'no';
    }
    if (!matched && !this.deps.logs.isUnreadGeneration(file)) return 'no';
    const fresh = Math.abs(this.deps.clock.nowMs() - file.stats.mtimeMs) < COMPRESSING_MS;
    return compression === 'gzip' && fresh && !(await this.#isComplete(file)) ? 'later' : 'yes';
  }

  /** Whether what there is now is not wanted: the first look of a source that starts at the end. */
  isSkipped({ names: [name] }: FoundFile): boolean {
    const { sources, startedBefore } = this.deps;
    return this.#looks === 1 && sources.get(name.source)?.startAt === 'end' && !startedBefore.has(name.source);
  }

  /** Makes a tail; `from`: up to there, or to its end, the file is known to have been read. */
  async follow(file: FoundFile, from: ByteOffset | 'end'): Promise<void> {
    const { tails, report } = this.deps;
    const [name] = file.names;
    const source = this.deps.sources.get(name.source)!;
    for (const other of file.names) {
      if (!other.matched || other.source === name.source) continue;
      this.warnOverlap(name.path, name.source, other.source);
    }
    const position = from === 0 ? this.#startOf(file) : await this.#positionIn(file, source, from);
    if (position === undefined) return;
    const { size } = file.stats;
    const lineage = this.deps.logs.lineageOf(file);
    const tail = new Tail(position, source, {
      lineage,
      age: tails.nextAge(),
      bornLook: this.#looks,
      place: { name: 'placed', key: file.key, size, stamp: stampOf(file.stats) },
      journaled: false,
    });
    tails.add(tail);
    tails.wake(tail);
    // What was skipped must be known as skipped after a restart.
    if (position.offset > 0) tail.tellPosition();
    report.info('Following a file', { path: name.path, source: name.source, offset: position.offset });
  }

  /** A tail of its own that stands where another does: what it reads from here on is not the other's. */
  twinOf({ position, limits, lineage, place }: Tail): Tail {
    const { tails, newTailId } = this.deps;
    const own = { ...position, tailId: newTailId() };
    return new Tail(own, limits, { lineage, age: tails.nextAge(), bornLook: this.#looks, place, journaled: false });
  }

  /** Keeps in mind that so much text stood in a file before it was written anew, and nothing of it was read. */
  rememberCut({ lineage, bornLook }: Tail, file: FoundFile, size: number): void {
    const { tails, clock, sources } = this.deps;
    const position = this.#startOf(file);
    const told = { reason: 'truncated', size, doubtful: false, told: false } as const;
    const place = { name: 'lost', sinceMs: clock.monotonicMs(), ...told } as const;
    tails.add(
      new Tail(position, sources.get(position.source)!, {
        lineage,
        age: tails.nextAge(),
        bornLook,
        place,
        journaled: false,
      }),
    );
  }

  warnOverlap(path: string, source: string, other: string): void {
    const sentence = 'A file is matched by two sources; only the first sends it';
    this.#warnOnce(`${path} ${source} ${other}`, sentence, { path, source, other });
  }

  async #isComplete(file: FoundFile): Promise<boolean> {
    const complete = await this.deps.inspector.inspect(file, async (content) => {
      for (let at = 0; (await content.read(at, LINE_SEARCH_BYTES)).length > 0; ) at += LINE_SEARCH_BYTES;
      return content.complete();
    });
    return complete ?? false;
  }

  #startOf(file: FoundFile): Position {
    const [{ path, source }] = file.names;
    const identity = { ...fileIdentity(file.stats), head: '', last: '' };
    return { tailId: this.deps.newTailId(), source, path, offset: 0, identity };
  }

  /** `end`: behind the last line that is whole now. `undefined` when the file cannot be read, to be tried at the next look. */
  async #positionIn(
    file: FoundFile,
    { maxLineBytes }: TailLimits,
    at: ByteOffset | 'end',
  ): Promise<Position | undefined> {
    const start = this.#startOf(file);
    const content = await this.deps.inspector.open(start.path, LINE_SEARCH_BYTES + maxLineBytes).catch(() => undefined);
    if (content === undefined) return undefined;
    try {
      const offset = at === 'end' ? await endOfLines(content, file.stats.size) : at;
      const marks = await marksAt(content, offset);
      if (marks === undefined) return undefined;
      return { ...start, offset, identity: { ...start.identity, head: digest(marks.head), last: digest(marks.last) } };
    } finally {
      await content.close();
    }
  }

  #warnOnce(key: string, sentence: string, facts: Readonly<Record<string, string>>): void {
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.deps.report.warning(sentence, facts);
  }
}

async function endOfLines(content: Content, size: number): Promise<ByteOffset> {
  let end = content.compressed ? 0 : size;
  for (let step = content.compressed ? LINE_SEARCH_BYTES : 0; step > 0; ) {
    const { length } = await content.read(end, step);
    end += length;
    if (length < step) step = 0;
  }
  const searchFrom = Math.max(0, end - LINE_SEARCH_BYTES);
  const newline = (await content.read(searchFrom, end - searchFrom)).lastIndexOf(LF);
  return newline === -1 ? end : searchFrom + newline + 1;
}
