/**
 * A journal with what stands at both its ends: log files whose every line is
 * known, and a collector that remembers what it got. Whatever is done to it, a
 * line up to which a tail has been read must have been received, no message may
 * have two contents, and what is handed out comes in order.
 */
import { randomBytes } from 'node:crypto';
import type { StoredEntry } from '../../src/journal/format/entry.js';
import { Journal } from '../../src/journal/journal.js';
import type { Reader } from '../../src/journal/read/reader.js';
import type { Damage, JournalDependencies, JournalNotice } from '../../src/journal/types.js';
import { systemClock } from '../../src/lib/clock.js';
import { Problems } from '../../src/lib/problems.js';
import type { NewEntry } from '../../src/model/entry.js';
import type { Report } from '../../src/model/report.js';
import { positionAt, withoutLock } from './journal-bench.js';
import type { MemoryFiles } from './memory-files.js';

const LINE_BYTES = 100;
const silent: Report = { debug() {}, info() {}, notice() {}, warning() {}, error() {} };

export const DIRECTORY = '/journal';
export const TAILS = ['00000000000000a1', '00000000000000a2', '00000000000000a3'];

export class AuditedJournal {
  files: MemoryFiles;
  /** Faults of the harness's promises, in words; empty when all is well. */
  readonly broken: string[] = [];
  readonly damages: Damage[] = [];
  #journal: Journal | undefined;
  #reader: Reader | undefined;
  #seq = 0;
  #lastRead = 0;
  #read: StoredEntry[] = [];
  readonly #offsets = new Map<string, number>();
  readonly #received = new Set<string>();
  readonly #contents = new Map<string, string>();

  constructor(
    files: MemoryFiles,
    private readonly dependencies: Partial<JournalDependencies> = {},
  ) {
    this.files = files;
  }

  get journal(): Journal {
    if (this.#journal === undefined) throw new Error('the journal is not open');
    return this.#journal;
  }

  /** The log files are read on from where the journal says; what it does not know, from the beginning. */
  async open(): Promise<void> {
    this.#journal = await Journal.open(
      { directory: DIRECTORY, maxBytes: 1e6, keepFree: 0, whenFull: 'wait', segmentBytes: 1500, reserveFileBytes: 300 },
      {
        files: this.files,
        clock: systemClock,
        report: silent,
        problems: new Problems(systemClock).of(silent),
        randomBytes,
        lock: withoutLock,
        notice: (notice) => this.#hear(notice),
        ...this.dependencies,
      },
    );
    this.#seq = 0;
    this.#goBack();
    this.#startReading();
  }

  async close(): Promise<void> {
    await this.#reader?.close();
    await this.#journal?.close();
  }

  /** Reads so many lines of a file into one entry. */
  async write(tail: string, lines: number): Promise<void> {
    const from = this.#offsets.get(tail) ?? 0;
    const to = from + lines * LINE_BYTES;
    const first = { run: this.journal.run, seq: this.#seq + 1 };
    const frames = Array.from({ length: lines }, (_, line) => lineAt(tail, from + line * LINE_BYTES)).join('');
    this.#seq += lines;
    this.#offsets.set(tail, to);
    await this.#append({ from, to: positionAt(to, tail), first, count: lines, frames: Buffer.from(frames) });
  }

  flush(): Promise<void> {
    return this.journal.flushed();
  }

  /** As the agent does after a failed write. */
  async recover(): Promise<void> {
    const { nextSeq } = await this.journal.recover(AbortSignal.timeout(20_000));
    if (nextSeq > this.#seq + 1) this.broken.push(`recovered at seq ${nextSeq}, having used ${this.#seq}`);
    this.#seq = nextSeq - 1;
    this.#goBack();
  }

  /** Sends what comes next; what is sent is received. */
  async read(maxBytes: number): Promise<number> {
    const entries = await this.#reader?.next(maxBytes);
    for (const entry of entries ?? []) this.#receive(entry);
    this.#read.push(...(entries ?? []));
    return entries?.length ?? 0;
  }

  /** Sending starts again at the cursor. */
  async rewind(): Promise<void> {
    await this.#reader?.close();
    this.#startReading();
  }

  /** Acknowledges a share of what was read. */
  async acknowledge(share: number): Promise<void> {
    const last = this.#read[Math.ceil(this.#read.length * share) - 1];
    if (last !== undefined) await this.journal.acknowledge(last.number);
  }

  /** All that is left is read and acknowledged; says what was not received. */
  async drain(): Promise<string[]> {
    await this.journal.flushed();
    for (;;) {
      const told = this.damages.length;
      while ((await this.read(5000)) > 0);
      if (told === this.damages.length) break;
    }
    await this.acknowledge(1);
    return TAILS.flatMap((tail) => {
      const read = this.journal.positions.find(({ tailId }) => tailId === tail)?.offset ?? 0;
      const lines = Array.from({ length: read / LINE_BYTES }, (_, line) => lineAt(tail, line * LINE_BYTES));
      return lines.filter((line) => !this.#received.has(line));
    });
  }

  async #append(entry: NewEntry): Promise<void> {
    await this.journal.append(entry);
  }

  #startReading(): void {
    this.#reader = this.journal.reader();
    this.#read = [];
    this.#lastRead = this.journal.cursor;
  }

  #goBack(): void {
    this.#offsets.clear();
    for (const { tailId, offset } of this.journal.positions) this.#offsets.set(tailId, offset);
  }

  #receive({ number, first, count, frames, to }: StoredEntry): void {
    if (number <= this.#lastRead) this.broken.push(`entry ${number} after ${this.#lastRead}`);
    this.#lastRead = number;
    if (count === 0) return;
    const name = `${first.run}:${first.seq}`;
    const content = frames.toString();
    if ((this.#contents.get(name) ?? content) !== content) this.broken.push(`${name} has two contents, ${to?.tailId}`);
    this.#contents.set(name, content);
    for (const line of content.match(/.*\n/g) ?? []) this.#received.add(line);
  }

  /** The agent reads the ranges again; that they arrive then is not the journal's. */
  #hear(notice: JournalNotice): void {
    if (notice.kind !== 'damaged') return;
    this.damages.push(notice);
    for (const { tailId, from, to = 1e6 } of notice.ranges) {
      for (let offset = from; offset < to; offset += LINE_BYTES) this.#received.add(lineAt(tailId, offset));
    }
  }
}

function lineAt(tail: string, offset: number): string {
  return `${`${tail} ${offset} `.padEnd(40, '.')}\n`;
}
