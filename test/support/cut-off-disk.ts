/**
 * The disk under the program in this process: it keeps how each file was
 * opened, and can stand still after so many changes, as for a process that is
 * killed there: from then on nothing changes, no clean-up either. One test at
 * a time.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

export interface Opened {
  readonly path: string;
  /** Permissions that the file was born with, umask 0. */
  readonly mode: number;
}

export interface Disk {
  readonly changes: number;
  readonly opened: readonly Opened[];
}

type Change = (...args: never[]) => unknown;

class CutOff extends Error {}

/** `after`: so many changes are carried out. */
export async function onDisk(after: number, work: () => Promise<unknown>): Promise<Disk> {
  const opened: Opened[] = [];
  let changes = 0;
  const change = () => {
    if (changes >= after) throw new CutOff(`cut off after ${after} changes`);
    changes += 1;
  };
  const { promises } = fs;
  const real = {
    open: promises.open,
    link: promises.link,
    rm: promises.rm,
    mkdir: promises.mkdir,
    renameSync: fs.renameSync,
    rmSync: fs.rmSync,
  };
  const counted =
    <F extends Change>(work: F) =>
    (...args: Parameters<F>): ReturnType<F> => {
      change();
      return work(...args) as ReturnType<F>;
    };
  Object.assign(promises, {
    link: counted(real.link),
    rm: counted(real.rm as Change),
    mkdir: counted(real.mkdir as Change),
    open: async (path: string, flags?: string | number, mode?: number) => {
      const writes = typeof flags === 'string' && flags !== 'r';
      if (writes) {
        change();
        opened.push({ path, mode: mode ?? 0o666 });
      }
      return real.open(path, flags, mode);
    },
  });
  Object.assign(fs, { renameSync: counted(real.renameSync as Change), rmSync: counted(real.rmSync as Change) });
  syncBuiltinESMExports();
  try {
    await work().catch((error: unknown) => {
      if (changes < after) throw error;
    });
  } finally {
    const { renameSync, rmSync, ...asynchronous } = real;
    Object.assign(promises, asynchronous);
    Object.assign(fs, { renameSync, rmSync });
    syncBuiltinESMExports();
  }
  return { changes, opened };
}
