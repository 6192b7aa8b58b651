/** Makes changes to a directory survive a power cut. */
import { open } from 'node:fs/promises';

/** Makes a create, rename or unlink in this directory survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
