/**
 * Which sources have been started before: `startAt: end` skips what is in a
 * file only when its source is new, and a source that matched no file so far
 * has left no position in the journal that could tell.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../lib/atomic-file.js';
import { reasonOf } from '../lib/errors.js';
import type { Report } from '../model/report.js';

const FILE = 'sources.json';

export async function startedSources(directory: string): Promise<ReadonlySet<string>> {
  try {
    const names: unknown = JSON.parse(await readFile(join(directory, FILE), 'utf8'));
    return new Set(Array.isArray(names) ? names.map(String) : []);
  } catch {
    return new Set();
  }
}

/** A disk that takes nothing is no reason not to follow them: what the journal has of a source tells as well. */
export async function rememberSources(directory: string, names: readonly string[], report: Report): Promise<void> {
  const path = join(directory, FILE);
  const text = `${JSON.stringify(names)}\n`;
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return;
  try {
    await replaceFile(path, text);
  } catch (error) {
    report.warning('A source with startAt: end that has no file yet may be taken for a new one after a restart', {
      file: path,
      reason: reasonOf(error),
    });
  }
}
