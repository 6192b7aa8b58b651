/**
 * The book of receipts: a file a month, written by the running agent alone.
 * Each receipt is appended in one write and synced. A receipt tells of what has
 * been acknowledged already, so a failure here is reported and never stops
 * forwarding; what could not be written is written with the next. A line that a
 * crash cut short is ended before the next one, so that it spoils no other.
 */
import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../lib/atomic-file.js';
import type { Clock } from '../lib/clock.js';
import { reasonOf } from '../lib/errors.js';
import { makeDirectory } from '../lib/make-directory.js';
import type { Report } from '../model/report.js';
import { formatReceipt, type NewReceipt } from './receipt.js';

export interface ReceiptBookOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly report: Report;
  /** A month's file goes when all of its month is older than this; default 400 days. */
  readonly keepMs?: number;
}

/** A disk that takes nothing for long must not cost the memory. */
const MOST_UNWRITTEN = 1000;
const KEEP_MS = 400 * 86_400_000;

/** Where the receipts of a journal lie. */
export function receiptsDirectory(journalDirectory: string): string {
  return join(journalDirectory, 'receipts');
}

export class ReceiptBook {
  readonly #directory: string;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #report: Report;
  readonly #keepMs: number;
  #file: { readonly month: string; readonly handle: FileHandle } | undefined;
  #failing = false;
  #closed = false;
  /** Of epochs that are acknowledged, and not on disk yet: a line each. */
  #unwritten: string[] = [];
  /** Receipts are written one after another, in the order of `add`. */
  #last: Promise<void> = Promise.resolve();

  /** Makes the directory, removes what is old; says what fails and gives a book all the same. */
  static async open(directory: string, options: ReceiptBookOptions): Promise<ReceiptBook> {
    const book = new ReceiptBook(directory, options);
    await book.#try(() => book.#prepare());
    return book;
  }

  private constructor(directory: string, { clock, report, keepMs = KEEP_MS }: ReceiptBookOptions) {
    this.#directory = directory;
    this.#clock = clock;
    this.#report = report;
    this.#keepMs = keepMs;
  }

  /** Resolves when the receipt is on disk, or could not be written and that has been reported. Never rejects. */
  add(receipt: NewReceipt): Promise<void> {
    if (this.#closed) return this.#last;
    const time = new Date(this.#clock.nowMs()).toISOString();
    this.#unwritten.push(formatReceipt({ time, ...receipt }));
    this.#unwritten.splice(0, this.#unwritten.length - MOST_UNWRITTEN);
    return this.#writeAll();
  }

  /** Resolves when all that was added is written, or could not be. */
  close(): Promise<void> {
    this.#closed = true;
    if (this.#unwritten.length > 0) void this.#writeAll();
    this.#last = this.#last.then(() => this.#closeFile());
    return this.#last;
  }

  #writeAll(): Promise<void> {
    this.#last = this.#last.then(() => this.#try(() => this.#write()));
    return this.#last;
  }

  /** Those that the disk refused come with the next: in the month of that one. */
  async #write(): Promise<void> {
    if (this.#unwritten.length === 0) return;
    const lines = this.#unwritten.splice(0);
    try {
      await this.#append(lines.join(''));
    } catch (error) {
      this.#unwritten.unshift(...lines);
      throw error;
    }
  }

  async #append(lines: string): Promise<void> {
    const { handle } = await this.#fileOf(new Date(this.#clock.nowMs()).toISOString().slice(0, 'YYYY-MM'.length));
    const { size } = await handle.stat();
    try {
      await handle.appendFile(lines);
      await handle.datasync();
    } catch (error) {
      await handle.truncate(size).catch(() => undefined);
      throw error;
    }
  }

  async #fileOf(month: string): Promise<{ readonly handle: FileHandle }> {
    if (this.#file?.month === month) return this.#file;
    await this.#closeFile();
    await this.#prepare();
    const handle = await open(join(this.#directory, `${month}.jsonl`), 'a+', 0o600);
    this.#file = { month, handle };
    const { size } = await handle.stat();
    if (size === 0) await syncDirectory(this.#directory);
    else await endTornLine(handle, size);
    return this.#file;
  }

  async #prepare(): Promise<void> {
    await makeDirectory(this.#directory, 0o700);
    const oldestMs = this.#clock.nowMs() - this.#keepMs;
    for (const name of await readdir(this.#directory)) {
      const endMs = monthEndMs(name);
      if (endMs !== undefined && endMs <= oldestMs) await rm(join(this.#directory, name), { force: true });
    }
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      if (this.#failing) this.#report.notice('Receipts are written again', { directory: this.#directory });
      this.#failing = false;
    } catch (error) {
      // What was written of the line is unknown: the next receipt looks at the end of the file again.
      await this.#closeFile();
      if (this.#failing) return;
      this.#failing = true;
      this.#report.error('Receipts cannot be written; the last thousand are kept in memory until they can', {
        directory: this.#directory,
        reason: reasonOf(error),
        remedy: 'see to the disk, and that the directory belongs to the user that the agent runs as',
      });
    }
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close().catch(() => undefined);
  }
}

/** When the month of `YYYY-MM.jsonl` is over; `undefined` for any other name. */
export function monthEndMs(name: string): number | undefined {
  const match = /^(\d{4})-(0[1-9]|1[0-2])\.jsonl$/.exec(name);
  return match === null ? undefined : Date.UTC(Number(match[1]), Number(match[2]));
}

async function endTornLine(handle: FileHandle, size: number): Promise<void> {
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, size - 1);
  if (last[0] !== LF) await handle.appendFile('\n');
}

const LF = 0x0a;
