/**
 * Keeps a file that only takes up space. On a full disk it is deleted to make room
 * for the `full` message, positions, the cursor and the agent's other small files;
 * while it is gone no lines are read. It is made again once twice its size is
 * free, so that making it never takes the room that it gave.
 */
import { dirname } from 'node:path';
import { diskProblem } from '../../lib/disk-remedy.js';
import { systemCode } from '../../lib/errors.js';
import { removeIfThere, replaceWhole } from '../../lib/files.js';
import type { JournalDependencies } from '../types.js';

const DEFAULT_BYTES = 4 * 1024 * 1024;
/** Of a small volume not more than this share. */
const LARGEST_SHARE = 1 / 64;

export class ReserveFile {
  #held = false;
  #released = false;

  constructor(
    /** `bytes`: default 4 MiB, at most 1/64 of the volume. 0: there is none. */
    private readonly options: { readonly path: string; readonly bytes?: number | undefined },
    private readonly context: Pick<JournalDependencies, 'files' | 'problems' | 'randomBytes'>,
  ) {}

  /** The disk was full, and has not had room for it since. */
  get released(): boolean {
    return this.#released;
  }

  /** At the start: an earlier run has left it, or it is made. Never rejects. */
  async load(): Promise<void> {
    try {
      this.#held = (await this.context.files.stat(this.options.path)).size > 0;
    } catch {
      // Not there yet, or not to be seen: making it tells why.
    }
    if (!this.#held) await this.restore();
  }

  /** A write has failed. True when the disk was full and has a little room now. Never rejects. */
  async giveWay(cause: unknown): Promise<boolean> {
    if (!isFull(cause) || this.options.bytes === 0) return false;
    this.#released = true;
    const held = this.#held;
    this.#held = false;
    try {
      await removeIfThere(this.options.path, this.context.files);
      return held;
    } catch {
      return false;
    }
  }

  /** Makes it where there is room for it. Never rejects: a caller that waits for room tries again. */
  async restore(): Promise<void> {
    const { path } = this.options;
    const { files, randomBytes, problems } = this.context;
    try {
      const { totalBytes, freeBytes } = await files.volume(dirname(path));
      const bytes = this.options.bytes ?? Math.min(DEFAULT_BYTES, Math.floor(totalBytes * LARGEST_SHARE));
      if (bytes === 0) return;
      this.#released = freeBytes < 2 * bytes;
      if (this.#released) return;
      // Random, because a file system that compresses would give zeros no room.
      await replaceWhole(path, [randomBytes(bytes)], files);
      this.#held = true;
      problems.clear('reserve-file');
    } catch (error) {
      if (await this.giveWay(error)) return;
      problems.raise(
        diskProblem(error, {
          key: 'reserve-file',
          message: 'No room can be set aside for when the disk is full',
          facts: { file: path },
          over: 'Room is set aside for when the disk is full',
        }),
      );
    }
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(systemCode(error));
}
