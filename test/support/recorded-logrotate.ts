/** Answers of `logrotate --debug` as recorded from logrotate 3.21 of Debian 12, for a log in another directory. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DebugOutput } from '../../src/cli/check/logrotate.js';
import { thisPackage } from './package.js';

export type Recorded =
  | 'closed'
  | 'copytruncate'
  | 'daily'
  | 'included'
  | 'included-app'
  | 'included-bpp'
  | 'keeps-nothing'
  | 'olddir'
  | 'other-log'
  | 'shred'
  | 'size'
  | 'unusual-names'
  | 'xz';

/** `output` is empty for a file that another one includes. */
export async function recordedLogrotate(
  name: Recorded,
  directory: string,
): Promise<{ output: DebugOutput; configuration: string }> {
  const read = async (ending: string) => {
    const path = new URL(`test/fixtures/logrotate/${name}.${ending}`, thisPackage);
    return (await readFile(path, 'utf8').catch(() => '')).replaceAll('DIR', directory);
  };
  return {
    output: { planned: await read('planned.txt'), forced: await read('forced.txt') },
    configuration: await read('conf'),
  };
}

/** Installs a program `logrotate` that answers as recorded; gives the directory for PATH. */
export async function installRecorded(name: Recorded, directory: string): Promise<string> {
  const { output, configuration } = await recordedLogrotate(name, directory);
  const bin = join(directory, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(directory, 'logrotate.conf'), configuration);
  await writeFile(join(bin, 'planned'), output.planned);
  await writeFile(join(bin, 'forced'), output.forced);
  const program = `#!/bin/sh\ncase "$*" in *--force*) cat ${bin}/forced ;; *) cat ${bin}/planned ;; esac >&2\n`;
  await writeFile(join(bin, 'logrotate'), program);
  await chmod(join(bin, 'logrotate'), 0o755);
  return bin;
}
