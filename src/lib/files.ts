/**
 * Gives parts the file system as an argument: what the journal and the receipts need for
 * their own files, the sources for the logs that they follow, the export for those
 * that it writes. A test can make each call fail, forget what was not synced, or keep
 * the files in memory.
 */
import { type Dirent, lstatSync, readlinkSync, readSync, type Stats, writevSync } from 'node:fs';
import {
  constants,
  type FileHandle,
  lstat,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  stat,
  statfs,
  unlink,
  utimes,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from './errors.js';
import { bytesOfPath, nameOfBytes } from './file-names.js';
import { makeDirectory } from './make-directory.js';
import { syncDirectory } from './sync-directory.js';

export interface OpenFile {
  /** Fills `into` from `position`; fewer bytes only at the end of the file. */
  read(into: Buffer, position: number): Promise<number>;
  /** One call to the system: what it reads belongs together. Fewer bytes than `into` has at the end of the file. */
  readOnce(into: Buffer, position: number): Promise<number>;
  /** Writes everything, or rejects. */
  write(buffers: readonly Buffer[], position: number): Promise<void>;
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  /** Sets the permission bits. */
  chmod(mode: number): Promise<void>;
  stat(): Promise<FileStats>;
  /** Where it lies now, without links; `undefined` when the system does not tell. A deleted one ends in ` (deleted)`. */
  path(): string | undefined;
  close(): Promise<void>;
}

export interface FileStats {
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly isDirectory: boolean;
  readonly isFile: boolean;
  readonly isLink: boolean;
  /** Its owner. */
  readonly uid: number;
  /** Device, inode and the number of names that lead to it. */
  readonly dev: number;
  readonly ino: number;
  readonly nlink: number;
  /** Last change of the content, last change of content or inode, birth; the last is 0 or `ctimeMs` where the file system keeps none. */
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly birthtimeMs: number;
}

/** `link`: a symbolic link, or a name of unknown kind: the file system does not tell. */
export type EntryKind = 'file' | 'directory' | 'link' | 'other';

export interface DirectoryEntry {
  readonly name: string;
  readonly kind: EntryKind;
}

export interface Volume {
  readonly totalBytes: number;
  /** What a process without privileges may still write. */
  readonly freeBytes: number;
  /** The kernel's magic number of the file system's type. */
  readonly type: number;
}

/** Paths may hold names that are not UTF-8, as file-names.ts spells them. */
export interface Files {
  /**
   * `create` makes a new file of mode 0600 and fails when there is one; `append` makes it when there is none, and
   * each write goes to the end, whatever its position (O_APPEND). Opening a FIFO to read does not wait for a writer.
   */
  open(path: string, how: 'read' | 'write' | 'create' | 'append'): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Sets the time of its last change to now. */
  touch(path: string): Promise<void>;
  readdir(path: string): Promise<string[]>;
  /** As `readdir`, with what each name stands for; in no order. */
  list(path: string): Promise<DirectoryEntry[]>;
  /** Follows symbolic links. */
  stat(path: string): Promise<FileStats>;
  /** Of a symbolic link itself. */
  lstat(path: string): Promise<FileStats>;
  readlink(path: string): Promise<string>;
  realpath(path: string): Promise<string>;
  /** With the directories above it; mode 0700 unless told otherwise. */
  mkdir(path: string, mode?: number): Promise<void>;
  volume(path: string): Promise<Volume>;
  syncDirectory(path: string): Promise<void>;
}

const { O_RDONLY, O_NONBLOCK } = constants;
const FLAGS = { read: O_RDONLY | O_NONBLOCK, write: 'r+', create: 'wx+', append: 'a+' } as const;

export const systemFiles: Files = {
  open: async (path, how) => {
    const near = await isNear(dirname(path));
    return openFile(await open(bytesOfPath(path), FLAGS[how], 0o600), near);
  },
  rename: (from, to) => rename(bytesOfPath(from), bytesOfPath(to)),
  unlink: (path) => unlink(bytesOfPath(path)),
  touch: async (path) => {
    const now = new Date();
    await utimes(bytesOfPath(path), now, now);
  },
  readdir: async (path) => (await readdir(bytesOfPath(path), { encoding: 'buffer' })).map(nameOfBytes),
  list: async (path) => {
    const entries = await readdir(bytesOfPath(path), { encoding: 'buffer', withFileTypes: true });
    return entries.map((entry) => ({ name: nameOfBytes(entry.name), kind: kindOf(entry) }));
  },
  stat: async (path) => {
    const bytes = bytesOfPath(path);
    const here = (await isNear(dirname(path))) && mayAskAtOnce() ? lstatSync(bytes) : undefined;
    // A link may lead to a file system that has to be waited for.
    return fileStats(here?.isSymbolicLink() === false ? here : await stat(bytes));
  },
  lstat: async (path) => {
    const bytes = bytesOfPath(path);
    return fileStats((await isNear(dirname(path))) && mayAskAtOnce() ? lstatSync(bytes) : await lstat(bytes));
  },
  readlink: async (path) => nameOfBytes(await readlink(bytesOfPath(path), { encoding: 'buffer' })),
  realpath: async (path) => nameOfBytes(await realpath(bytesOfPath(path), { encoding: 'buffer' })),
  mkdir: (path, mode = 0o700) => makeDirectory(path, mode),
  volume: async (path) => {
    const { bsize, blocks, bavail, type } = await statfs(path);
    return { totalBytes: bsize * blocks, freeBytes: bsize * bavail, type };
  },
  syncDirectory,
};

/*
 * A few small reads and writes, and questions for a file's state, go to the system at once, in the caller's turn: on a file
 * system of this machine they take microseconds, and a trip through the thread pool costs
 * more than ten times that. Syncs, large pieces, many calls in one turn of the loop, and
 * file systems that a network can hold up stay with the thread pool, so that nothing else
 * waits for them.
 */

const MOST_AT_ONCE = 16;
/** Questions for the state of a file take a few microseconds each. */
const MOST_ASKED_AT_ONCE = 128;
let atOnce = 0;
let askedAtOnce = 0;

/** Whether one more read or write may be made in this turn of the loop. */
function mayAtOnce(): boolean {
  countTurn();
  atOnce += 1;
  return atOnce <= MOST_AT_ONCE;
}

/** Whether one more file may be asked for its state in it. */
function mayAskAtOnce(): boolean {
  countTurn();
  askedAtOnce += 1;
  return askedAtOnce <= MOST_ASKED_AT_ONCE;
}

function countTurn(): void {
  if (atOnce + askedAtOnce > 0) return;
  setImmediate(() => {
    atOnce = 0;
    askedAtOnce = 0;
  });
}

const AT_ONCE_BYTES = 512 * 1024;
/** A write that the kernel holds back, because too much waits for the disk, is a large one's. */
const WRITTEN_AT_ONCE_BYTES = 64 * 1024;
/** ext, XFS, btrfs, f2fs, ZFS, bcachefs, tmpfs, overlay: statfs(2). */
const OVERLAY = 0x794c7630;
const NEAR = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0xca451a4e, 0x01021994, OVERLAY]);
/** Whether inotify hears of every change there: of a layer below an overlay, and of what another machine writes, it does not. */
export function isHeard({ type }: Volume): boolean {
  return NEAR.has(type) && type !== OVERLAY;
}

/** Another file system may be mounted there. */
const KNOWN_FOR_MS = 60_000;
const KNOWN_MOST = 1024;
let forgetAgainMs = 0;

/** Whether a directory lies on a file system of this machine. */
const nearness = new Map<string, { readonly near: boolean | Promise<boolean>; readonly untilMs: number }>();

function isNear(directory: string): boolean | Promise<boolean> {
  const nowMs = performance.now();
  const known = nearness.get(directory);
  if (known !== undefined && nowMs < known.untilMs) return known.near;
  // Of more directories it is not remembered, and they are not taken for near.
  if (nearness.size >= KNOWN_MOST) forgetSome(nowMs);
  if (nearness.size >= KNOWN_MOST) return false;
  const untilMs = nowMs + KNOWN_FOR_MS;
  const near = statfs(bytesOfPath(directory)).then(
    ({ type }) => {
      nearness.set(directory, { near: NEAR.has(type), untilMs });
      return NEAR.has(type);
    },
    () => {
      nearness.delete(directory);
      return false;
    },
  );
  nearness.set(directory, { near, untilMs });
  return near;
}

/** Those that would be asked for again. Not often: of a thousand directories none may be due. */
function forgetSome(nowMs: number): void {
  if (nowMs < forgetAgainMs) return;
  forgetAgainMs = nowMs + KNOWN_FOR_MS / 4;
  for (const [directory, { untilMs }] of nearness) if (untilMs <= nowMs) nearness.delete(directory);
}

function openFile(handle: FileHandle, near: boolean): OpenFile {
  const readOnce = async (into: Buffer, position: number) =>
    near && into.length <= AT_ONCE_BYTES && mayAtOnce()
      ? readSync(handle.fd, into, 0, into.length, position)
      : (await handle.read(into, 0, into.length, position)).bytesRead;
  return {
    readOnce,
    read: async (into, position) => {
      let filled = 0;
      while (filled < into.length) {
        const bytesRead = await readOnce(into.subarray(filled), position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled;
    },
    write: async (buffers, position) => {
      let rest = buffers;
      const isSmall = near && bytesIn(buffers) <= WRITTEN_AT_ONCE_BYTES;
      for (let at = position; rest.length > 0; ) {
        const bytesWritten =
          isSmall && mayAtOnce() ? writevSync(handle.fd, rest, at) : (await handle.writev(rest, at)).bytesWritten;
        at += bytesWritten;
        rest = without(rest, bytesWritten);
      }
    },
    datasync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    chmod: (mode) => handle.chmod(mode),
    stat: async () => fileStats(await handle.stat()),
    path: () => pathOf(handle),
    close: () => handle.close(),
  };
}

function bytesIn(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, { length }) => sum + length, 0);
}

function pathOf({ fd }: FileHandle): string | undefined {
  try {
    return nameOfBytes(readlinkSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' }));
  } catch {
    return undefined;
  }
}

/** writev may take less than all: what remains of `buffers` after `count` bytes. */
function without(buffers: readonly Buffer[], count: number): readonly Buffer[] {
  let left = count;
  for (const [index, buffer] of buffers.entries()) {
    if (left < buffer.length) return [buffer.subarray(left), ...buffers.slice(index + 1)];
    left -= buffer.length;
  }
  return [];
}

function fileStats(stats: Stats): FileStats {
  const { size, mode, uid, dev, ino, nlink, mtimeMs, ctimeMs, birthtimeMs } = stats;
  const kind = { isDirectory: stats.isDirectory(), isFile: stats.isFile(), isLink: stats.isSymbolicLink() };
  return { ...kind, size, mode: mode & 0o777, uid, dev, ino, nlink, mtimeMs, ctimeMs, birthtimeMs };
}

function kindOf(entry: Dirent<Buffer>): EntryKind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  if (entry.isFIFO() || entry.isSocket() || entry.isCharacterDevice() || entry.isBlockDevice()) return 'other';
  return 'link';
}

/* Small files, read and replaced as a whole: after a crash at any moment the old content stands or the new. */

/** The state of an agent that follows a hundred thousand files is the biggest of them. */
const MOST_BYTES = 64 * 1024 * 1024;

/** `undefined` when there is no such file; what is none, or too big to be a small one, is as good as empty. */
export async function readWhole(path: string, files: Files): Promise<Buffer | undefined> {
  try {
    const { isFile, size } = await files.stat(path);
    if (!isFile || size > MOST_BYTES) return Buffer.alloc(0);
    const file = await files.open(path, 'read');
    try {
      const bytes = Buffer.alloc((await file.stat()).size);
      return bytes.subarray(0, await file.read(bytes, 0));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Written beside `path`, synced, renamed over it; the rename is synced, too. Not `durable`: without the syncs. */
export async function replaceWhole(
  path: string,
  content: readonly Buffer[],
  files: Files,
  durable = true,
): Promise<void> {
  const beside = `${path}.new`;
  await removeIfThere(beside, files);
  const file = await files.open(beside, 'create');
  try {
    await file.write(content, 0);
    if (durable) await file.datasync();
  } finally {
    await file.close();
  }
  await files.rename(beside, path);
  if (durable) await files.syncDirectory(dirname(path));
}

export async function removeIfThere(path: string, files: Files): Promise<void> {
  try {
    await files.unlink(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
