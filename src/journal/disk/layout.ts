/**
 * Says where the journal's files are, and refuses a directory that others can
 * read: audit entries are patient data, so directories are 0700 and files 0600.
 *
 *    DIRECTORY/
 *      cursor.json                          how far the collector has acknowledged
 *      ballast                              room for when the disk is full, see space/reserve-file.ts
 *      dropped.json                         what was dropped and is not reported for good, see space/retention.ts
 *      lock/                                sockets, see disk/lock.ts
 *      segments/00000000000000000001.segment   named by the number of its first entry
 *      quarantine/                          damaged bytes, set aside
 */
import { dirname, join } from 'node:path';
import { diskRemedy } from '../../lib/disk-remedy.js';
import { AgentError, reasonOf, systemCode } from '../../lib/errors.js';
import type { FileStats, Files } from '../../lib/files.js';

export class Layout {
  readonly cursor: string;
  readonly reserveFile: string;
  readonly dropped: string;
  readonly lock: string;
  readonly segments: string;
  readonly quarantine: string;

  constructor(readonly directory: string) {
    this.cursor = join(directory, 'cursor.json');
    this.reserveFile = join(directory, 'ballast');
    this.dropped = join(directory, 'dropped.json');
    this.lock = join(directory, 'lock');
    this.segments = join(directory, 'segments');
    this.quarantine = join(directory, 'quarantine');
  }

  segment(first: number): string {
    return join(this.segments, `${String(first).padStart(20, '0')}.segment`);
  }
}

/** The number in a segment's file name, or undefined when it is not one. */
export function segmentNumber(name: string): number | undefined {
  const digits = /^(\d{20})\.segment$/.exec(name)?.[1];
  const number = Number(digits);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

/** Makes what is not there; refuses what others can read. Throws AgentError `journal-exposed`, `journal-unusable`. */
export async function prepareDirectories(layout: Layout, files: Files): Promise<void> {
  for (const path of [layout.directory, layout.segments, layout.quarantine, layout.lock]) {
    try {
      const state = (await stateOf(path, files)) ?? (await made(path, files));
      if (!state.isDirectory) {
        throw new AgentError('journal-unusable', `${path} is a file, not a directory`, {
          hint: 'move it away, or set journal.directory to another path',
        });
      }
      refuseExposed(path, state);
    } catch (error) {
      throw unusable(path, error);
    }
  }
}

/** Throws AgentError `journal-exposed` when group or others have any permission. */
export function refuseExposed(path: string, { mode, isDirectory }: Pick<FileStats, 'mode' | 'isDirectory'>): void {
  if ((mode & 0o077) === 0) return;
  const wanted = isDirectory ? '0700' : '0600';
  throw new AgentError(
    'journal-exposed',
    `${path} has mode ${mode.toString(8).padStart(4, '0')}: the journal holds patient data and must be closed to others`,
    { hint: `run: chmod ${wanted} ${path}` },
  );
}

/** What the operating system refuses becomes AgentError `journal-unusable`; any other error stays as it is. */
export function unusable(path: string, error: unknown): unknown {
  if (error instanceof AgentError || systemCode(error) === '') return error;
  return new AgentError('journal-unusable', `cannot use the journal at ${path}: ${reasonOf(error)}`, {
    hint: remedyOf(systemCode(error)),
    cause: error,
  });
}

function remedyOf(code: string): string {
  const wanted = 'the directory must belong to the user that the agent runs as, on a local disk that can be written';
  switch (code) {
    case 'EROFS':
      return 'mount its volume for writing; if it is mounted so, see in the kernel log (dmesg) why it is read-only now';
    case 'EACCES':
    case 'EPERM':
      return wanted;
    default:
      return diskRemedy(code, wanted);
  }
}

async function made(path: string, files: Files): Promise<FileStats> {
  await files.mkdir(path);
  await files.syncDirectory(dirname(path));
  return files.stat(path);
}

async function stateOf(path: string, files: Files): Promise<FileStats | undefined> {
  try {
    return await files.stat(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
