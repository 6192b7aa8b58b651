/**
 * Writes the file of a trail, `SITE.log`, and rotates it to `SITE.log.000017-20261123`:
 * numbered, so that no clock can change the order. Whole lines are appended with
 * O_APPEND and synced.
 *
 * The newest rotated file is never deleted: while the live file is new, the record of
 * what has been exported is there.
 */
import { basename, dirname, join } from 'node:path';
import type { Context } from '../../lib/context.js';
import { AgentError, reasonOf, systemCode } from '../../lib/errors.js';
import { type Files, type OpenFile, removeIfThere } from '../../lib/files.js';

/** Where the lines of one trail go, and the only memory of what has been exported. */
export interface AuditLog {
  /** Makes it ready: a last line that was torn is ended, so that what follows begins a line. */
  open(): Promise<void>;
  /**
   * Resolves when all of it is on disk. Throws AgentError: `export-full` (nothing
   * was written), `export-write-failed` (some of it may have been: open again),
   * `export-sync-failed` (it may vanish: append it again, it goes into a new file).
   * `text` is whole lines.
   */
  append(text: string): Promise<void>;
  /** Lines without their newlines, the last one first, through rotated files too. */
  backward(): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

const FILE_MODE = 0o640;
const LF = 0x0a;

export interface AuditFileOptions {
  readonly path: string;
  readonly rotateBytes: number;
  readonly keepMs: number;
}

interface Live {
  readonly file: OpenFile;
  readonly inode: number;
  size: number;
  /** Day (UTC) of the last line in it. */
  day: string;
}

export class AuditFile implements AuditLog {
  #live: Live | undefined;
  #rotateFirst = false;

  constructor(
    private readonly options: AuditFileOptions,
    private readonly parts: Pick<Context, 'clock' | 'files'> & { readonly allowance: Allowance },
  ) {}

  async open(): Promise<void> {
    await this.close();
    await this.#attempt(async () => {
      this.#live = await this.#opened();
      if (await endsTorn(this.#live)) await this.#write(this.#live, Buffer.of(LF));
    });
  }

  async append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    const fits = await this.#attempt(() => this.#makeWay(bytes.length));
    if (!fits) throw full(this.options.path);
    const live = await this.#attempt(async () => {
      this.#live ??= await this.#opened();
      await this.#write(this.#live, bytes);
      return this.#live;
    });
    live.day = this.#today();
    this.parts.allowance.use(bytes.length);
    try {
      await live.file.datasync();
    } catch (error) {
      // The kernel may have dropped the pages and calls them clean: this file is no longer to be relied on.
      this.#rotateFirst = true;
      throw new AgentError('export-sync-failed', `cannot sync ${this.options.path} to disk: ${reasonOf(error)}`, {
        cause: error,
        hint: 'check the disk (dmesg); the rows are written again into a new file',
      });
    }
  }

  async *backward(): AsyncGenerator<Buffer> {
    for (const path of (await this.files()).toReversed()) yield* linesBackward(path, this.parts.files);
  }

  /** Paths of what there is, the oldest first. */
  async files(): Promise<string[]> {
    const { path } = this.options;
    const rotated = (await this.#rotated()).map((name) => join(dirname(path), name));
    const isLive = await this.parts.files.stat(path).then(
      () => true,
      () => false,
    );
    return isLive ? [...rotated, path] : rotated;
  }

  async close(): Promise<void> {
    const live = this.#live;
    this.#live = undefined;
    await live?.file.close();
  }

  /** Anything but a clean write leaves the file in a state that only reading it can tell. */
  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.close().catch(() => undefined);
      throw new AgentError('export-write-failed', `cannot write ${this.options.path}: ${reasonOf(error)}`, {
        cause: error,
        hint: hintFor(systemCode(error), dirname(this.options.path)),
      });
    }
  }

  async #opened(): Promise<Live> {
    const { path } = this.options;
    const { files } = this.parts;
    const file = await files.open(path, 'append');
    try {
      const { ino, size, mtimeMs } = await file.stat();
      if (size === 0) {
        await file.chmod(FILE_MODE);
        await files.syncDirectory(dirname(path));
      }
      return { file, inode: ino, size, day: size === 0 ? this.#today() : dayOf(mtimeMs) };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async #write(live: Live, bytes: Buffer): Promise<void> {
    await live.file.write([bytes], live.size);
    live.size += bytes.length;
  }

  /** False when there is no room, even without what may be deleted. */
  async #makeWay(bytes: number): Promise<boolean> {
    await this.#rotateInTime(bytes);
    if (await this.parts.allowance.allows(bytes)) return true;
    await this.#removeOld();
    return this.parts.allowance.allows(bytes);
  }

  async #rotateInTime(bytes: number): Promise<void> {
    const live = this.#live;
    if (live === undefined) return;
    const there = await this.parts.files.stat(this.options.path).catch(() => undefined);
    // Somebody else has renamed or deleted it.
    if (there?.ino !== live.inode) return this.close();
    const isTime = live.size > 0 && (live.size + bytes > this.options.rotateBytes || live.day !== this.#today());
    if (isTime || this.#rotateFirst) await this.#rotate();
  }

  async #rotate(): Promise<void> {
    const { path } = this.options;
    const last = Number(
      (await this.#rotated())
        .at(-1)
        ?.slice(basename(path).length + 1)
        .split('-')[0] ?? 0,
    );
    const number = String(last + 1).padStart(6, '0');
    await this.close();
    await this.parts.files.rename(path, `${path}.${number}-${this.#today().replaceAll('-', '')}`);
    this.#rotateFirst = false;
    this.#live = await this.#opened();
    await this.#removeOld();
  }

  async #removeOld(): Promise<void> {
    for (const name of (await this.#rotated()).slice(0, -1)) {
      const path = join(dirname(this.options.path), name);
      const { mtimeMs } = await this.parts.files.stat(path);
      if (this.parts.clock.nowMs() - mtimeMs > this.options.keepMs) await removeIfThere(path, this.parts.files);
    }
    this.parts.allowance.forget();
  }

  /** The oldest first. */
  async #rotated(): Promise<string[]> {
    const { path } = this.options;
    const start = `${basename(path)}.`;
    return (await this.parts.files.readdir(dirname(path)))
      .filter((name) => name.startsWith(start) && /^\d{6,}-\d{8}$/.test(name.slice(start.length)))
      .sort((a, b) => Number(a.slice(start.length).split('-')[0]) - Number(b.slice(start.length).split('-')[0]));
  }

  #today(): string {
    return dayOf(this.parts.clock.nowMs());
  }
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

async function endsTorn({ file, size }: Live): Promise<boolean> {
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  await file.read(last, size - 1);
  return last[0] !== LF;
}

function full(path: string): AgentError {
  return new AgentError('export-full', `${dirname(path)} holds as much as export.maxBytes allows`, {
    hint: 'raise export.maxBytes, shorten export.keep, or move rotated files away; the rows wait in the database',
  });
}

function hintFor(code: string, directory: string): string {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `free space on the volume of ${directory}; the rows wait in the database`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `let the account that runs the export write in ${directory}`;
    default:
      return `check ${directory} and its disk; the rows wait in the database`;
  }
}

/** How much the export may hold on disk: all files of its directory together. */
export class Allowance {
  /** Undefined: to be counted again. */
  #held: number | undefined;

  constructor(
    private readonly directory: string,
    private readonly maxBytes: number,
    private readonly files: Files,
  ) {}

  /** Counts again before it says no: somebody may have made room. */
  async allows(bytes: number): Promise<boolean> {
    this.#held ??= await this.#count();
    if (this.#held + bytes <= this.maxBytes) return true;
    this.#held = await this.#count();
    return this.#held + bytes <= this.maxBytes;
  }

  use(bytes: number): void {
    if (this.#held !== undefined) this.#held += bytes;
  }

  forget(): void {
    this.#held = undefined;
  }

  async #count(): Promise<number> {
    let held = 0;
    for (const name of await this.files.readdir(this.directory)) {
      // A file that has just been removed holds nothing.
      const found = await this.files.stat(join(this.directory, name)).catch(() => undefined);
      if (found?.isFile) held += found.size;
    }
    return held;
  }
}

/* The lines of a file from its end, without their newlines: memory for one line and one read. */

const READ_BYTES = 256 * 1024;

/** The text behind the last newline is a line, too, unless it is empty. Throws what the disk says. */
export async function* linesBackward(path: string, files: Files, readBytes = READ_BYTES): AsyncGenerator<Buffer> {
  const file = await files.open(path, 'read');
  try {
    // The pieces of the line whose beginning has not been met, the last piece first.
    let pieces: Buffer[] = [];
    let isLast = true;
    let end = (await file.stat()).size;
    while (end > 0) {
      const start = Math.max(0, end - readBytes);
      let bytes: Buffer = Buffer.allocUnsafe(end - start);
      bytes = bytes.subarray(0, await file.read(bytes, start));
      for (let at = bytes.lastIndexOf(LF); at !== -1; at = bytes.lastIndexOf(LF)) {
        const line = joined(pieces, bytes.subarray(at + 1));
        if (!isLast || line.length > 0) yield line;
        isLast = false;
        pieces = [];
        bytes = bytes.subarray(0, at);
      }
      pieces.push(bytes);
      end = start;
    }
    const first = joined(pieces);
    if (!isLast || first.length > 0) yield first;
  } finally {
    await file.close();
  }
}

function joined(lastFirst: readonly Buffer[], beginning: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([beginning, ...lastFirst.toReversed()]);
}
