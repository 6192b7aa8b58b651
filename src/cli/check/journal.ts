/** Checks that the journal can be written in its directory, and that there is room for it. */
import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { JournalConfig } from '../../config/config.js';
import { systemCode } from '../../lib/errors.js';
import { type Files, systemFiles } from '../../lib/files.js';
import { sizeText } from '../voice.js';
import { bad, type CheckResult, good, warning } from './result.js';

const GROUP_AND_OTHERS = 0o077;

export async function checkJournal({ directory, maxBytes, keepFree }: JournalConfig): Promise<CheckResult[]> {
  const state = await stat(directory).catch(() => undefined);
  const nearest = state === undefined ? await nearestExisting(directory) : directory;
  try {
    await access(nearest, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (systemCode(error) === 'EROFS') {
      return [
        bad(
          `journal ${directory}: the file system of ${nearest} is read-only`,
          'remount it read-write; if the kernel made it read-only, the kernel log (dmesg) says why',
        ),
      ];
    }
    return [
      bad(
        `journal ${directory}: this user cannot write in ${nearest}`,
        `as root: install -d -m 0700 -o $(id -un) ${directory}; under systemd, StateDirectory= makes it`,
      ),
    ];
  }
  const results: CheckResult[] = [];
  if (state !== undefined && (state.mode & GROUP_AND_OTHERS) !== 0) {
    results.push(
      bad(`journal ${directory}: other users can read it, and it holds patient data`, `run: chmod 0700 ${directory}`),
    );
  }
  const { freeBytes } = await systemFiles.volume(nearest);
  if (await isNetworkFileSystem(nearest, systemFiles)) {
    results.push(
      bad(
        `journal ${directory}: is on a network file system, which may lose data that was synced`,
        'set journal.directory to a local disk',
      ),
    );
  }
  const usable = await usableBytes({ directory, keepFree });
  if (usable < maxBytes) {
    results.push(
      warning(
        `journal ${directory}: only ${sizeText(usable)} can be used before journal.keepFree is reached; journal.maxBytes is ${sizeText(maxBytes)}`,
        'the agent stops reading logs at the lower of the two; give the volume more room or lower journal.maxBytes',
      ),
    );
  }
  if (results.length === 0)
    results.push(good(`journal ${directory}: up to ${sizeText(maxBytes)}, ${sizeText(freeBytes)} free`));
  return results;
}

/** Free bytes of the volume beyond `journal.keepFree`. */
export async function usableBytes({
  directory,
  keepFree,
}: Pick<JournalConfig, 'directory' | 'keepFree'>): Promise<number> {
  const { freeBytes, totalBytes } = await systemFiles.volume(await nearestExisting(directory));
  return Math.max(0, freeBytes - totalBytes * keepFree);
}

async function nearestExisting(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    if ((await stat(at).catch(() => undefined)) !== undefined || at === dirname(at)) return at;
  }
}

/*
 * Whether a directory lies on a file system that other machines share. There a
 * sync, a rename or a socket does not promise what the journal builds on, so
 * `check` says that it is not supported. Magic numbers: statfs(2), linux/magic.h.
 */

const NETWORK_TYPES: ReadonlySet<number> = new Set([
  0x6969, // nfs
  0x517b, // smb
  0xff534d42, // cifs
  0xfe534d42, // smb2, smb3
  0x5346414f, // afs
  0x6b414653, // kafs
  0x73757245, // coda
  0x01021997, // 9p
  0x00c36400, // ceph
  0x01161970, // gfs2
  0x7461636f, // ocfs2
  0x0bd00bd0, // lustre
  0x47504653, // gpfs
]);

/** Rejects with the system's error, such as when there is no such directory. */
export async function isNetworkFileSystem(directory: string, files: Files): Promise<boolean> {
  return NETWORK_TYPES.has((await files.volume(directory)).type);
}
