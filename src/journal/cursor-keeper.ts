/** The cursor while the agent runs: in memory at once, on disk as soon as the disk takes it. */
import type { Clock } from '../lib/clock.js';
import { Complaint } from '../lib/report-once.js';
import type { Report } from '../model/report.js';
import { writeCursor } from './cursor.js';
import type { Files } from './files.js';

const RETRY_MS = 1000;

export interface CursorKeeperOptions {
  readonly path: string;
  readonly journal: string;
  readonly entry: number;
}

export class CursorKeeper {
  readonly #complaint: Complaint;
  readonly #closing = new AbortController();
  #entry: number;
  #persisted: number | undefined;
  #writing: Promise<void> | undefined;
  #retrying: Promise<void> | undefined;

  constructor(
    private readonly options: CursorKeeperOptions,
    private readonly dependencies: { readonly files: Files; readonly clock: Clock; readonly report: Report },
  ) {
    this.#entry = options.entry;
    this.#complaint = new Complaint('The cursor cannot be written', dependencies.report, dependencies.clock);
  }

  get entry(): number {
    return this.#entry;
  }

  /** Nothing is written for a cursor that was found as it is. */
  stands(): void {
    this.#persisted = this.#entry;
  }

  /** Resolves after the first try; a cursor that cannot be written costs repeats after a crash, and is tried again. */
  async moveTo(entry: number): Promise<void> {
    this.#entry = Math.max(this.#entry, entry);
    await this.persist();
  }

  async persist(): Promise<void> {
    // What is being written now may be older than what was just set.
    await this.#writing;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#retrying;
    await this.persist();
  }

  async #write(): Promise<void> {
    const entry = this.#entry;
    if (this.#persisted === entry) return;
    const { path, journal } = this.options;
    try {
      await writeCursor(path, { journal, entry }, this.dependencies.files);
      this.#persisted = entry;
      this.#complaint.over('The cursor can be written again');
    } catch (error) {
      this.#complaint.say(error, { file: path });
      this.#retrying ??= this.#retry();
    }
  }

  async #retry(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted && this.#persisted !== this.#entry) {
      await this.dependencies.clock.sleep(RETRY_MS, signal);
      if (!signal.aborted) await this.persist();
    }
    this.#retrying = undefined;
  }
}
