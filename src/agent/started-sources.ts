/**
 * Which sources have been started before: `startAt: end` skips what is in a
 * file only when its source is new, and a source that matched no file so far
 * has left no position in the journal that could tell.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../lib/atomic-file.js';

const FILE = 'sources.json';

export async function startedSources(directory: string): Promise<ReadonlySet<string>> {
  try {
    const names: unknown = JSON.parse(await readFile(join(directory, FILE), 'utf8'));
    return new Set(Array.isArray(names) ? names.map(String) : []);
  } catch {
    return new Set();
  }
}

export async function rememberSources(directory: string, names: readonly string[]): Promise<void> {
  await replaceFile(join(directory, FILE), `${JSON.stringify(names)}\n`);
}
