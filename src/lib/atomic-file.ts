/**
 * Replaces a small file so that a crash at any moment leaves the old content
 * or the new, whole: write beside it, sync, rename over it, sync the directory.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** `mode` is set at creation, so that the content is never readable more widely, not even for a moment. */
export async function replaceFile(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const beside = `${path}.${randomBytes(4).toString('hex')}.new`;
  try {
    await withHandle(beside, 'wx', mode, async (file) => {
      await file.chmod(mode);
      await file.writeFile(content);
      await file.sync();
    });
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Makes a create, rename or unlink in this directory survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  await withHandle(path, 'r', undefined, (directory) => directory.sync());
}

async function withHandle(
  path: string,
  flags: string,
  mode: number | undefined,
  work: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const handle = await open(path, flags, mode);
  try {
    await work(handle);
  } finally {
    await handle.close();
  }
}
