/** Checks that the agent's user can write and sync a file in the journal's directory, and that there is room for it. */
import { randomBytes } from 'node:crypto';
import { open, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { JournalConfig } from '../../config/config.js';
import { diskRemedy } from '../../lib/disk-remedy.js';
import { systemCode } from '../../lib/errors.js';
import { type Files, systemFiles } from '../../lib/files.js';
import { sizeText } from '../voice.js';
import { refusalFor, type User } from './permission.js';
import { bad, type CheckResult, good, warning } from './result.js';

const GROUP_AND_OTHERS = 0o077;
const PROBE_BYTES = 4096;

export async function checkJournal(
  { directory, maxBytes, keepFree }: JournalConfig,
  user: User,
): Promise<CheckResult[]> {
  const state = await stat(directory).catch(() => undefined);
  const nearest = state === undefined ? await nearestExisting(directory) : directory;
  if (await hasNoInodes(nearest)) {
    return [
      bad(
        `journal ${directory}: the volume has no inodes left, so no file can be made on it`,
        `delete files that are not needed there: df -i ${nearest}`,
      ),
    ];
  }
  // A directory that is not there yet is made by systemd, or by the user who runs the agent.
  const code = await (state === undefined ? tried(nearest) : refusalFor(user, () => tryToWrite(nearest)));
  if (code !== undefined) return [unwritable(directory, nearest, code, user)];
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

/** Writes and syncs a small file, and removes it again: a dying disk shows only then. */
async function tryToWrite(directory: string): Promise<void> {
  const path = join(directory, `.check-${randomBytes(8).toString('hex')}`);
  const file = await open(path, 'wx', 0o600);
  try {
    await file.write(randomBytes(PROBE_BYTES));
    await file.datasync();
  } finally {
    await file.close().catch(() => undefined);
    await unlink(path).catch(() => undefined);
  }
}

function tried(directory: string): Promise<string | undefined> {
  return tryToWrite(directory).then(() => undefined, systemCode);
}

/** Some file systems count no files. */
async function hasNoInodes(directory: string): Promise<boolean> {
  const { files, ffree } = await statfs(directory);
  return files > 0 && ffree === 0;
}

function unwritable(directory: string, nearest: string, code: string, user: User): CheckResult {
  switch (code) {
    case 'EROFS':
      return bad(
        `journal ${directory}: the file system of ${nearest} is read-only`,
        'remount it read-write; if the kernel made it read-only, the kernel log (dmesg) says why',
      );
    case 'EACCES':
    case 'EPERM':
      return bad(
        `journal ${directory}: the agent's user ${user.name} cannot write in ${nearest}`,
        `as root: install -d -m 0700 -o ${user.name} ${directory}; under systemd, StateDirectory= makes it`,
      );
    default:
      return bad(
        `journal ${directory}: a file cannot be written and synced in ${nearest} (${code})`,
        `${diskRemedy(code)}; the kernel log (dmesg) may say more`,
      );
  }
}

/** Free bytes of the volume beyond `journal.keepFree`. */
export async function usableBytes({
  directory,
  keepFree,
}: Pick<JournalConfig, 'directory' | 'keepFree'>): Promise<number> {
  const { freeBytes, totalBytes } = await systemFiles.volume(await nearestExisting(directory));
  return Math.max(0, freeBytes - totalBytes * keepFree);
}

/** What there is and cannot be looked at (a dead disk) is there all the same. */
async function nearestExisting(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const code = await stat(at).then(() => '', systemCode);
    if (!['ENOENT', 'ENOTDIR', 'EACCES'].includes(code) || at === dirname(at)) return at;
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
