/** A journal under test: opens, writes numbered messages as one tail would, reads all that is left, and hears what is said. */
import { randomBytes } from 'node:crypto';
import type { StoredEntry } from '../../src/journal/format/entry.js';
import { Journal } from '../../src/journal/journal.js';
import type { Reader, ReadPoint } from '../../src/journal/read/reader.js';
import type { JournalDependencies, JournalNotice, JournalOptions } from '../../src/journal/types.js';
import { systemClock } from '../../src/lib/clock.js';
import { type Files, systemFiles } from '../../src/lib/files.js';
import { Problems } from '../../src/lib/problems.js';
import type { NewEntry } from '../../src/model/entry.js';
import type { Position } from '../../src/model/position.js';
import type { Facts, Report } from '../../src/model/report.js';

export class JournalBench {
  readonly notices: JournalNotice[] = [];
  readonly said: { readonly level: keyof Report; readonly message: string; readonly facts: Facts }[] = [];
  readonly #readers: Reader[] = [];
  #journal: Journal | undefined;
  #seq = 0;
  #offset = 0;

  constructor(
    readonly directory: string,
    private readonly options: Partial<JournalOptions> = {},
    private readonly dependencies: Partial<JournalDependencies> = {},
  ) {}

  /** The same journal on what a power cut has left of its disk. */
  on(files: Files): JournalBench {
    return new JournalBench(this.directory, this.options, { ...this.dependencies, files });
  }

  get journal(): Journal {
    if (this.#journal === undefined) throw new Error('the journal is not open');
    return this.#journal;
  }

  async open(): Promise<Journal> {
    const report = this.#report();
    this.#journal = await Journal.open(
      {
        directory: this.directory,
        maxBytes: 1024 * 1024,
        keepFree: 0,
        whenFull: 'wait',
        segmentBytes: 4096,
        reserveFileBytes: 300,
        ...this.options,
      },
      {
        files: systemFiles,
        clock: systemClock,
        report,
        problems: new Problems(this.dependencies.clock ?? systemClock).of(report),
        randomBytes,
        notice: (notice) => {
          this.notices.push(notice);
        },
        ...this.dependencies,
      },
    );
    this.#seq = 0;
    this.#offset = this.#journal.positions.find(({ tailId }) => tailId === TAIL)?.offset ?? 0;
    return this.#journal;
  }

  async close(): Promise<void> {
    for (const reader of this.#readers.splice(0)) await reader.close();
    await this.#journal?.close();
    this.#journal = undefined;
  }

  async reopen(): Promise<Journal> {
    await this.close();
    return this.open();
  }

  /** The next entry that the tail would give: one message, 100 bytes of its file. */
  entry(length = 100): NewEntry {
    this.#seq += 1;
    const from = this.#offset;
    this.#offset += 100;
    const { run } = this.journal;
    const name = `${run}:${this.#seq} `;
    return {
      from,
      to: positionAt(this.#offset),
      first: { run, seq: this.#seq },
      count: 1,
      frames: Buffer.from(name.padEnd(length, 'x')),
    };
  }

  /** Appends so many entries and waits until they are on disk. */
  async write(count: number, length?: number): Promise<NewEntry[]> {
    const entries = Array.from({ length: count }, () => this.entry(length));
    for (const entry of entries) await this.journal.append(entry);
    await this.journal.flushed();
    return entries;
  }

  /** Of the journal that is open now; closed with it. */
  reader(from?: ReadPoint): Reader {
    const reader = this.journal.reader(from);
    this.#readers.push(reader);
    return reader;
  }

  async readAll(reader = this.reader()): Promise<StoredEntry[]> {
    const all: StoredEntry[] = [];
    for (;;) {
      const some = await reader.next(10_000);
      if (some.length === 0) break;
      all.push(...some);
    }
    return all;
  }

  /** What was handed in, of what came out. */
  static plain({ from, to, first, count, frames }: StoredEntry): NewEntry {
    return { from, to, first, count, frames };
  }

  #report(): Report {
    const say =
      (level: keyof Report) =>
      (message: string, facts: Facts = {}) => {
        this.said.push({ level, message, facts });
      };
    return {
      debug: say('debug'),
      info: say('info'),
      notice: say('notice'),
      warning: say('warning'),
      error: say('error'),
    };
  }
}

const TAIL = '00000000000000aa';

export function positionAt(offset: number, tailId = TAIL): Position {
  return {
    tailId,
    source: 'main',
    path: '/var/log/audit.log',
    offset,
    identity: { inode: 7, device: 1, birthtimeMs: 0, head: 'ab', last: 'cd' },
  };
}

/** For disks in memory, where no socket can be. */
export const withoutLock = async () => ({ release: async () => undefined });
