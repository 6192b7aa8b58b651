/**
 * The disk as an argument: exactly what the journal asks of it and nothing
 * more, so that tests can make each call fail, or forget what was not synced.
 */
import type { Stats } from 'node:fs';
import { type FileHandle, open, readdir, rename, stat, statfs, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from './atomic-file.js';
import { systemCode } from './errors.js';
import { makeDirectory } from './make-directory.js';

export interface OpenFile {
  /** Fills `into` from `position`; fewer bytes only at the end of the file. */
  read(into: Buffer, position: number): Promise<number>;
  /** Writes everything, or rejects. */
  write(buffers: readonly Buffer[], position: number): Promise<void>;
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  stat(): Promise<FileState>;
  close(): Promise<void>;
}

export interface FileState {
  readonly bytes: number;
  /** Permission bits. */
  readonly mode: number;
  readonly isDirectory: boolean;
  readonly isFile: boolean;
}

export interface Volume {
  readonly totalBytes: number;
  /** What a process without privileges may still write. */
  readonly freeBytes: number;
  /** The kernel's magic number of the file system's type. */
  readonly type: number;
}

export interface Files {
  /** `create` makes a new file of mode 0600 and fails when there is one. */
  open(path: string, how: 'read' | 'write' | 'create'): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  readdir(path: string): Promise<string[]>;
  stat(path: string): Promise<FileState>;
  /** With the directories above it; mode 0700. */
  mkdir(path: string): Promise<void>;
  volume(path: string): Promise<Volume>;
  syncDirectory(path: string): Promise<void>;
}

const FLAGS = { read: 'r', write: 'r+', create: 'wx+' } as const;

export const systemFiles: Files = {
  open: async (path, how) => openFile(await open(path, FLAGS[how], 0o600)),
  rename,
  unlink,
  readdir: (path) => readdir(path),
  stat: async (path) => fileState(await stat(path)),
  mkdir: (path) => makeDirectory(path, 0o700),
  volume: async (path) => {
    const { bsize, blocks, bavail, type } = await statfs(path);
    return { totalBytes: bsize * blocks, freeBytes: bsize * bavail, type };
  },
  syncDirectory,
};

function openFile(handle: FileHandle): OpenFile {
  return {
    read: async (into, position) => {
      let filled = 0;
      while (filled < into.length) {
        const { bytesRead } = await handle.read(into, filled, into.length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled;
    },
    write: async (buffers, position) => {
      let rest = buffers;
      for (let at = position; rest.length > 0; ) {
        const { bytesWritten } = await handle.writev(rest, at);
        at += bytesWritten;
        rest = without(rest, bytesWritten);
      }
    },
    datasync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    stat: async () => fileState(await handle.stat()),
    close: () => handle.close(),
  };
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

function fileState(stats: Stats): FileState {
  return { bytes: stats.size, mode: stats.mode & 0o777, isDirectory: stats.isDirectory(), isFile: stats.isFile() };
}

/* Small files, read and replaced as a whole: after a crash at any moment the old content stands or the new. */

/** A small file is not bigger; what is would only be read to be thrown away. */
const MOST_BYTES = 1024 * 1024;

/** `undefined` when there is no such file; what is none, or too big to be a small one, is as good as empty. */
export async function readWhole(path: string, files: Files): Promise<Buffer | undefined> {
  try {
    const { isFile, bytes: length } = await files.stat(path);
    if (!isFile || length > MOST_BYTES) return Buffer.alloc(0);
    const file = await files.open(path, 'read');
    try {
      const bytes = Buffer.alloc((await file.stat()).bytes);
      return bytes.subarray(0, await file.read(bytes, 0));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Written beside `path`, synced, renamed over it; the rename is synced, too. */
export async function replaceWhole(path: string, content: readonly Buffer[], files: Files): Promise<void> {
  const beside = `${path}.new`;
  await removeIfThere(beside, files);
  const file = await files.open(beside, 'create');
  try {
    await file.write(content, 0);
    await file.datasync();
  } finally {
    await file.close();
  }
  await files.rename(beside, path);
  await files.syncDirectory(dirname(path));
}

export async function removeIfThere(path: string, files: Files): Promise<void> {
  try {
    await files.unlink(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
