/**
 * Writes the receipts of acknowledged epochs, one file a month. Only the running
 * agent writes them. Each receipt is appended in one write and synced. What it
 * tells of is acknowledged by the collector, so a failure here is a problem that never
 * stops forwarding; what could not be written is tried again every few seconds. A
 * line that a crash cut short is ended before the next one, so that only it is lost.
 * A file that was removed or replaced is created again, and that is reported.
 */
import { join } from 'node:path';
import type { Context } from '../lib/context.js';
import { diskRemedy } from '../lib/disk-remedy.js';
import { reasonOf, systemCode } from '../lib/errors.js';
import { type OpenFile, removeIfThere } from '../lib/files.js';
import { formatReceipt, monthEndMs, type NewReceipt } from './receipt.js';

export interface ReceiptBookOptions extends Pick<Context, 'clock' | 'files' | 'problems'> {
  /** A month's file is deleted when the whole month is older than this; default 400 days. */
  readonly keepMs?: number;
}

/** A disk that takes nothing for long must not cost the memory. */
const MOST_UNWRITTEN = 1000;
const RETRY_MS = 5_000;
const KEEP_MS = 400 * 86_400_000;

/** Where the receipts of a journal lie. */
export function receiptsDirectory(journalDirectory: string): string {
  return join(journalDirectory, 'receipts');
}

export class ReceiptBook {
  #file: { readonly month: string; readonly open: OpenFile } | undefined;
  readonly #closed = new AbortController();
  #retrying = false;
  /** Receipts of acknowledged epochs that are not on disk yet: a line each. */
  #unwritten: string[] = [];
  /** Receipts are written one after another, in the order of `add`. */
  #last: Promise<void> = Promise.resolve();

  /** Makes the directory and deletes old months; a failure is a problem, and the book can be used all the same. */
  static async open(directory: string, options: ReceiptBookOptions): Promise<ReceiptBook> {
    const book = new ReceiptBook(directory, options);
    await book.#try(() => book.#prepare());
    return book;
  }

  private constructor(
    private readonly directory: string,
    private readonly options: ReceiptBookOptions,
  ) {}

  /** Resolves when the receipt is on disk, or could not be written and that has been reported. Never rejects. */
  add(receipt: NewReceipt): Promise<void> {
    if (this.#closed.signal.aborted) return this.#last;
    const time = new Date(this.options.clock.nowMs()).toISOString();
    this.#unwritten.push(formatReceipt({ time, ...receipt }));
    this.#unwritten.splice(0, this.#unwritten.length - MOST_UNWRITTEN);
    return this.#writeAll();
  }

  /** Resolves when all that was added is written, or could not be. */
  close(): Promise<void> {
    this.#closed.abort();
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
    const file = await this.#fileOf(new Date(this.options.clock.nowMs()).toISOString().slice(0, 'YYYY-MM'.length));
    const { size } = await file.stat();
    try {
      await file.write([Buffer.from(lines)], size);
      await file.datasync();
    } catch (error) {
      await file.truncate(size).catch(() => undefined);
      throw error;
    }
  }

  async #fileOf(month: string): Promise<OpenFile> {
    const path = join(this.directory, `${month}.jsonl`);
    if (this.#file?.month === month) {
      if (await this.#liesAt(path, this.#file.open)) return this.#file.open;
      this.#reportRemoved(path);
    }
    await this.#closeFile();
    await this.#prepare();
    const open = await this.options.files.open(path, 'append');
    this.#file = { month, open };
    const { size } = await open.stat();
    if (size === 0) await this.options.files.syncDirectory(this.directory);
    else await endTornLine(open, size);
    return open;
  }

  /** A deleted file takes writes without a fault, and nobody ever reads them. */
  async #liesAt(path: string, open: OpenFile): Promise<boolean> {
    const [there, ours] = await Promise.all([this.options.files.lstat(path).catch(() => undefined), open.stat()]);
    return there !== undefined && there.ino === ours.ino && there.dev === ours.dev;
  }

  #reportRemoved(file: string): void {
    this.options.problems.happened({
      key: 'receipts-removed',
      level: 'error',
      message: 'Somebody has removed the receipts of this month; new ones are written, the old ones are gone',
      facts: { file },
      remedy: 'find out who did it; a backup may still have the old ones',
    });
  }

  async #prepare(): Promise<void> {
    const { files, clock, keepMs = KEEP_MS } = this.options;
    await files.mkdir(this.directory);
    const oldestMs = clock.nowMs() - keepMs;
    for (const name of await files.readdir(this.directory)) {
      const endMs = monthEndMs(name);
      if (endMs !== undefined && endMs <= oldestMs) await removeIfThere(join(this.directory, name), files);
    }
  }

  async #try(work: () => Promise<void>): Promise<void> {
    const { problems } = this.options;
    try {
      await work();
      problems.clear('receipts-write', { directory: this.directory });
    } catch (error) {
      // How much of the line was written is unknown: the next receipt looks at the end of the file again.
      await this.#closeFile();
      problems.raise({
        key: 'receipts-write',
        level: 'error',
        message: 'Receipts cannot be written; the last thousand are kept in memory until they can',
        facts: { directory: this.directory, reason: reasonOf(error) },
        remedy: diskRemedy(systemCode(error)),
        over: 'Receipts are written again',
      });
      void this.#tryAgain();
    }
  }

  /** Until it works: the next receipt may be a heartbeat away, and those in memory are lost with the process. */
  async #tryAgain(): Promise<void> {
    if (this.#retrying || this.#closed.signal.aborted) return;
    this.#retrying = true;
    await this.options.clock.sleep(RETRY_MS, this.#closed.signal);
    this.#retrying = false;
    if (this.#closed.signal.aborted) return;
    this.#last = this.#last.then(() => this.#try(() => this.#retry()));
    await this.#last;
  }

  async #retry(): Promise<void> {
    if (this.#unwritten.length > 0) await this.#write();
    else await this.#prepare();
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.open.close().catch(() => undefined);
  }
}

async function endTornLine(file: OpenFile, size: number): Promise<void> {
  const last = Buffer.alloc(1);
  await file.read(last, size - 1);
  if (last[0] !== LF) await file.write([Buffer.of(LF)], size);
}

const LF = 0x0a;
