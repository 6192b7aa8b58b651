/**
 * A small file system of a test's own, mounted by root: ext4 or xfs in a file
 * behind a loop device, or tmpfs. It can be filled to the last byte by a file that
 * is not ours, and freed; one of ext4 can be made read-only as after an error on
 * its disk, and be copied as it is at one moment.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { temporaryDirectory } from './files.js';

export type VolumeKind = 'ext4' | 'xfs' | 'tmpfs';

export class Volume {
  /** Where it is mounted. */
  readonly path: string;
  /** What it lies in, unless that is memory. */
  readonly image: string;
  readonly #ballast: string;

  /** Unmounted when the test is over. Its image lies in `within`, where a test wants to copy it. */
  static make(t: ExecutionContext, kind: VolumeKind, mebibytes: number, within?: string): Volume {
    const directory = temporaryDirectory(t);
    const volume = new Volume(directory, join(within ?? directory, 'image'));
    if (kind === 'tmpfs')
      volume.#mount(t, ['-t', 'tmpfs', '-o', `size=${mebibytes}m,nr_inodes=${INODES},mode=0755`, 'none']);
    else {
      makeImage(volume.image, kind, mebibytes);
      volume.mount(t);
    }
    return volume;
  }

  /** An image that is there, mounted: the file system's own journal is played back first, as after a power cut. */
  static of(t: ExecutionContext, image: string): Volume {
    const volume = new Volume(temporaryDirectory(t), image);
    volume.mount(t);
    return volume;
  }

  private constructor(directory: string, image: string) {
    this.path = join(directory, 'mounted');
    this.image = image;
    this.#ballast = join(this.path, 'of-somebody-else');
    mkdirSync(this.path);
  }

  mount(t: ExecutionContext): void {
    this.#mount(t, ['-o', 'loop', this.image]);
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

  /** So that no file can be made on it, whatever room there is. */
  useUpInodes(): void {
    const directory = `${this.#ballast}.inodes`;
    try {
      mkdirSync(directory, { recursive: true });
      for (;;) writeFileSync(join(directory, randomBytes(8).toString('hex')), '');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  /** What had filled it is gone. */
  free(): void {
    for (const each of [this.#ballast, `${this.#ballast}.inodes`]) rmSync(each, { recursive: true, force: true });
  }

  /** As when the file system has met an error on its disk: from now on it refuses every write. */
  failReadOnly(): void {
    const device = execFileSync('findmnt', ['--noheadings', '--output', 'SOURCE', this.path]).toString().trim();
    writeFileSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, 'as a test wants it');
  }

  /** As when its disk has died: every call is answered with EIO, reading too, and what was not on disk is lost (EXT4_IOC_SHUTDOWN). */
  shutDown(): void {
    const ask = 'open my $at, "<", $ARGV[0] or die $!; my $how = pack("L", 2); ioctl($at, 0x8004587d, $how) or die $!';
    execFileSync('perl', ['-e', ask, this.path]);
  }

  /** Unmounted and checked, as an administrator does after that. Whoever had files open here is gone. */
  repair(t: ExecutionContext): void {
    execFileSync('umount', [this.path]);
    // Exit status 1: errors were found and corrected.
    spawnSync('e2fsck', ['-f', '-y', this.image]);
    this.mount(t);
  }

  /** All blocks as they are at one moment: the image lies on xfs, which shares them with a copy at once. */
  copyImage(to: string): void {
    execFileSync('cp', ['--reflink=always', this.image, to]);
  }

  #mount(t: ExecutionContext, what: readonly string[]): void {
    execFileSync('mount', [...what, this.path]);
    t.teardown(() => spawnSync('umount', ['--lazy', this.path]));
  }
}

/** Of a tmpfs: few, so that a test can use them up. */
const INODES = 1000;

const MAKE = {
  ext4: ['mkfs.ext4', '-q', '-m', '0', '-e', 'remount-ro'],
  xfs: ['mkfs.xfs', '-q', '-m', 'reflink=1'],
} as const;

function makeImage(path: string, kind: keyof typeof MAKE, mebibytes: number): void {
  closeSync(openSync(path, 'w'));
  truncateSync(path, mebibytes * 1024 * 1024);
  const [program, ...options] = MAKE[kind];
  execFileSync(program, [...options, path]);
}

function writeUntilFull(file: number, bytes: Buffer): void {
  try {
    for (;;) writeSync(file, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
