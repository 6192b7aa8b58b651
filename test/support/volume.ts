/**
 * A small file system of a test's own, mounted by root: ext4 in a file behind a
 * loop device, or tmpfs. It can be filled to the last byte by a file that is not
 * ours, freed, made read-only, and copied as a power cut would leave it.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { temporaryDirectory } from './files.js';

export type VolumeKind = 'ext4' | 'tmpfs';

export class Volume {
  /** Where it is mounted. */
  readonly path: string;
  /** What an ext4 file system lies in. */
  readonly image: string;
  readonly #ballast: string;

  /** Unmounted when the test is over. */
  static make(t: ExecutionContext, kind: VolumeKind, mebibytes: number): Volume {
    const volume = new Volume(temporaryDirectory(t));
    mkdirSync(volume.path);
    if (kind === 'ext4') {
      makeImage(volume.image, mebibytes);
      volume.#mount(t, volume.image);
    } else {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0755`, 'none', volume.path]);
      volume.#unmountAfter(t);
    }
    return volume;
  }

  /** A copy of an ext4 file system, mounted: its own journal is played back first, as after a power cut. */
  static recovered(t: ExecutionContext, image: string): Volume {
    const volume = new Volume(temporaryDirectory(t));
    mkdirSync(volume.path);
    volume.#mount(t, image);
    return volume;
  }

  private constructor(directory: string) {
    this.path = join(directory, 'mounted');
    this.image = join(directory, 'image');
    this.#ballast = join(this.path, 'of-somebody-else');
  }

  get freeBytes(): number {
    const { bfree, bsize } = statfsSync(this.path);
    return bfree * bsize;
  }

  /** Down to the last block, also of those that only root may take; or down to so many bytes. */
  fill(leaving = 0): void {
    const file = openSync(this.#ballast, 'a');
    if (leaving > 0) writeSync(file, Buffer.alloc(this.freeBytes - leaving));
    else
      for (let bytes = 1024 * 1024; bytes > 0; bytes = bytes > 1 ? Math.floor(bytes / 16) : 0) {
        writeUntilFull(file, Buffer.alloc(bytes));
      }
    closeSync(file);
  }

  /** What had filled it is gone. */
  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  remount(how: 'ro' | 'rw'): void {
    execFileSync('mount', ['-o', `remount,${how}`, this.path]);
  }

  /** The blocks of the device as they are now, whatever is still in memory. */
  copyImage(to: string): void {
    execFileSync('cp', ['--sparse=always', this.image, to]);
  }

  #mount(t: ExecutionContext, image: string): void {
    execFileSync('mount', ['-o', 'loop', image, this.path]);
    this.#unmountAfter(t);
  }

  #unmountAfter(t: ExecutionContext): void {
    t.teardown(() => execFileSync('umount', ['--lazy', this.path]));
  }
}

function makeImage(path: string, mebibytes: number): void {
  closeSync(openSync(path, 'w'));
  truncateSync(path, mebibytes * 1024 * 1024);
  execFileSync('mkfs.ext4', ['-q', '-m', '0', path]);
}

function writeUntilFull(file: number, bytes: Buffer): void {
  try {
    for (;;) writeSync(file, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
