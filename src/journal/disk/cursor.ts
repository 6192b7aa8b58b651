/**
 * Keeps the cursor on disk: `cursor.json`, one line, replaced as a whole. It
 * carries a CRC because a flipped digit would skip entries that nobody has
 * acknowledged; a cursor that fails its CRC costs repeats, never a loss.
 */
import { crc32 } from 'node:zlib';
import { diskProblem } from '../../lib/disk-remedy.js';
import { AgentError } from '../../lib/errors.js';
import { type Files, readWhole, replaceWhole } from '../../lib/files.js';
import type { JournalContext } from '../types.js';

const VERSION = 1;
/** In every version: the fields, and last the CRC of all that stands before it. */
const SEALED = /^(\{.*),"crc32":"([0-9a-f]{8})"\}\n$/;

export interface Cursor {
  /** The journal that it belongs to. */
  readonly journal: string;
  /** The last acknowledged entry. */
  readonly entry: number;
}

export type FoundCursor =
  | { readonly kind: 'cursor'; readonly cursor: Cursor }
  | { readonly kind: 'missing' | 'illegible' };

/** Throws AgentError `journal-newer` for the cursor of a later version, and what the disk says. */
export async function readCursor(path: string, files: Files): Promise<FoundCursor> {
  const bytes = await readWhole(path, files);
  if (bytes === undefined) return { kind: 'missing' };
  const [, fields = '', crc] = SEALED.exec(bytes.toString()) ?? [];
  if (crc !== checksum(fields)) return { kind: 'illegible' };
  const { version, journal, entry }: Cursor & { version: number } = JSON.parse(`${fields}}`);
  if (version > VERSION) throw newerVersion(path, version);
  return { kind: 'cursor', cursor: { journal, entry } };
}

export async function writeCursor(path: string, { journal, entry }: Cursor, files: Files): Promise<void> {
  const fields = JSON.stringify({ version: VERSION, journal, entry }).slice(0, -1);
  await replaceWhole(path, [Buffer.from(`${fields},"crc32":"${checksum(fields)}"}\n`)], files);
}

export function newerVersion(path: string, version: number): AgentError {
  return new AgentError('journal-newer', `${path} was written by a later version of this program (format ${version})`, {
    hint: 'install that version again; nothing in the journal has been changed',
  });
}

function checksum(fields: string): string {
  return crc32(fields).toString(16).padStart(8, '0');
}

/* The cursor while the agent runs: in memory at once, on disk as soon as the disk takes it. */

const RETRY_MS = 1000;

export interface CursorKeeperOptions {
  readonly path: string;
  readonly journal: string;
  readonly entry: number;
}

export class CursorKeeper {
  readonly #closing = new AbortController();
  #entry: number;
  #persisted: number | undefined;
  #writing: Promise<void> | undefined;
  #retrying: Promise<void> | undefined;

  constructor(
    private readonly options: CursorKeeperOptions,
    private readonly context: Pick<JournalContext, 'files' | 'clock' | 'problems'>,
  ) {
    this.#entry = options.entry;
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
      await writeCursor(path, { journal, entry }, this.context.files);
      this.#persisted = entry;
      this.context.problems.clear('cursor-write');
    } catch (error) {
      this.context.problems.raise(
        diskProblem(error, {
          key: 'cursor-write',
          message: 'The cursor cannot be written',
          facts: { file: path },
          over: 'The cursor can be written again',
        }),
      );
      this.#retrying ??= this.#retry();
    }
  }

  async #retry(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted && this.#persisted !== this.#entry) {
      await this.context.clock.sleep(RETRY_MS, signal);
      if (!signal.aborted) await this.persist();
    }
    this.#retrying = undefined;
  }
}
