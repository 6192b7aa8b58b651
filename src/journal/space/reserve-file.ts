/**
 * Room on a full disk: a file that only takes up space. When the disk has none
 * left the file goes, and what must get out then fits in its place: the word of
 * it, positions, the cursor, the agent's other small files. While it is gone no
 * lines are read. It comes back once there is twice its size free, so that
 * making it never takes the room that it gave.
 */
import { dirname } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { systemCode } from '../../lib/errors.js';
import { type Files, removeIfThere, replaceWhole } from '../../lib/files.js';
import { Complaint } from '../../lib/report-once.js';
import type { Report } from '../../model/report.js';

const DEFAULT_BYTES = 4 * 1024 * 1024;
/** Of a small volume not more than this share. */
const LARGEST_SHARE = 1 / 64;

export interface BallastOptions {
  readonly path: string;
  /** Default 4 MiB, at most 1/64 of the volume. 0: there is none. */
  readonly bytes?: number | undefined;
}

export interface BallastDependencies {
  readonly files: Files;
  readonly clock: Clock;
  readonly report: Report;
  random(bytes: number): Buffer;
}

export class Ballast {
  readonly #complaint: Complaint;
  #held = false;
  #released = false;

  constructor(
    private readonly options: BallastOptions,
    private readonly dependencies: BallastDependencies,
  ) {
    const { report, clock } = dependencies;
    this.#complaint = new Complaint('No room can be set aside for when the disk is full', report, clock);
  }

  /** The disk was full, and has not had room for it since. */
  get released(): boolean {
    return this.#released;
  }

  /** At the start: an earlier run has left it, or it is made. Never rejects. */
  async load(): Promise<void> {
    try {
      this.#held = (await this.dependencies.files.stat(this.options.path)).bytes > 0;
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
      await removeIfThere(this.options.path, this.dependencies.files);
      return held;
    } catch {
      return false;
    }
  }

  /** Makes it where there is room for it. Never rejects: whoever waits for room tries again. */
  async restore(): Promise<void> {
    const { path } = this.options;
    const { files, random } = this.dependencies;
    try {
      const { totalBytes, freeBytes } = await files.volume(dirname(path));
      const bytes = this.options.bytes ?? Math.min(DEFAULT_BYTES, Math.floor(totalBytes * LARGEST_SHARE));
      if (bytes === 0) return;
      this.#released = freeBytes < 2 * bytes;
      if (this.#released) return;
      // Random, because a file system that compresses would give zeros no room.
      await replaceWhole(path, [random(bytes)], files);
      this.#held = true;
      this.#complaint.over('Room is set aside for when the disk is full');
    } catch (error) {
      if (!(await this.giveWay(error))) this.#complaint.say(error, { file: path });
    }
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(systemCode(error));
}
