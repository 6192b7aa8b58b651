/** Small files, read and replaced as a whole: after a crash at any moment the old content stands or the new. */
import { dirname } from 'node:path';
import { systemCode } from '../lib/errors.js';
import type { Files } from './files.js';

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
