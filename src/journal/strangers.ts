/**
 * What lies where segments lie and is no file: a directory, a pipe, a link to
 * nothing. It is not opened, for a pipe would be waited for without end, and it
 * is moved to the quarantine, so that it does not stand in a new segment's way.
 */
import { join } from 'node:path';
import { reasonOf, systemCode } from '../lib/errors.js';
import type { Report } from '../model/report.js';
import type { Files } from './files.js';
import { type Layout, segmentNumber } from './layout.js';

/** Of the names in the directory of segments, those that a segment has, or one that was not finished, and no file. */
export async function strangersAmong(names: readonly string[], layout: Layout, files: Files): Promise<Set<string>> {
  const strangers = new Set<string>();
  for (const name of names) {
    const isOurs = segmentNumber(name) !== undefined || name.endsWith('.new');
    if (isOurs && !(await isFile(join(layout.segments, name), files))) strangers.add(name);
  }
  return strangers;
}

export async function setAside(
  strangers: Iterable<string>,
  layout: Layout,
  { files, report }: { readonly files: Files; readonly report: Report },
): Promise<void> {
  for (const name of strangers) {
    const file = join(layout.segments, name);
    const to = join(layout.quarantine, `no-file-${name}`);
    try {
      await files.rename(file, to);
      report.error('What is no file was set aside from the segments', { file, to });
    } catch (error) {
      report.error('What is no file lies among the segments', { file, reason: reasonOf(error), remedy: 'remove it' });
    }
  }
}

async function isFile(path: string, files: Files): Promise<boolean> {
  try {
    return (await files.stat(path)).isFile;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
