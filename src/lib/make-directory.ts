/**
 * Makes a directory and the missing ones above it. Node's `recursive` is not used:
 * it says ENOENT where the disk is full or read-only (nodejs/node#47098), which
 * sends the administrator looking in the wrong place.
 */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from './errors.js';

/** `mode` is of those that are made; one that is there stays as it is. */
export async function makeDirectory(path: string, mode: number): Promise<void> {
  const above = dirname(path);
  const refusal = await tryToMake(path, mode);
  if (refusal === undefined) return;
  if (systemCode(refusal) !== 'ENOENT' || above === path) throw refusal;
  await makeDirectory(above, mode);
  const again = await tryToMake(path, mode);
  if (again !== undefined) throw again;
}

/** Why there is no such directory now. */
async function tryToMake(path: string, mode: number): Promise<unknown> {
  try {
    await mkdir(path, { mode });
    return undefined;
  } catch (error) {
    const stats = await stat(path).catch(() => undefined);
    return stats?.isDirectory() ? undefined : error;
  }
}
