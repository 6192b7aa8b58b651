/** Can the journal be kept where the configuration wants it, and is there room? */
import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { JournalConfig } from '../../config/config.js';
import { systemCode } from '../../lib/errors.js';
import { type Files, systemFiles } from '../../lib/files.js';
import { sizeText } from '../voice.js';
import { bad, type Finding, good, warning } from './finding.js';

const GROUP_AND_OTHERS = 0o077;

export async function checkJournal({ directory, maxBytes, keepFree }: JournalConfig): Promise<Finding[]> {
  const state = await stat(directory).catch(() => undefined);
  const nearest = state === undefined ? await nearestExisting(directory) : directory;
  try {
    await access(nearest, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (systemCode(error) === 'EROFS') {
      return [
        bad(
          `journal ${directory}: the file system of ${nearest} is read-only`,
          'mount it for writing; if it is mounted so, see in the kernel log (dmesg) why it is read-only now',
        ),
      ];
    }
    return [
      bad(
        `journal ${directory}: this user may not write in ${nearest}`,
        `as root: install -d -m 0700 -o $(id -un) ${directory}; under systemd, StateDirectory= makes it`,
      ),
    ];
  }
  const findings: Finding[] = [];
  if (state !== undefined && (state.mode & GROUP_AND_OTHERS) !== 0) {
    findings.push(
      bad(`journal ${directory}: others may read it, and it holds patient data`, `chmod 0700 ${directory}`),
    );
  }
  const { freeBytes } = await systemFiles.volume(nearest);
  if (await isNetworkFileSystem(nearest, systemFiles)) {
    findings.push(
      bad(
        `journal ${directory}: lies on a network file system, which may lose what was synced`,
        'set journal.directory to a local disk',
      ),
    );
  }
  const usable = await usableBytes({ directory, keepFree });
  if (usable < maxBytes) {
    findings.push(
      warning(
        `journal ${directory}: ${sizeText(usable)} can be used before journal.keepFree is reached, journal.maxBytes is ${sizeText(maxBytes)}`,
        'reading stops when the first of the two is reached; give the volume more room or lower maxBytes',
      ),
    );
  }
  if (findings.length === 0)
    findings.push(good(`journal ${directory}: up to ${sizeText(maxBytes)}, ${sizeText(freeBytes)} free`));
  return findings;
}

/** What the volume has beyond `journal.keepFree`. */
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

/** Rejects with what the disk says, as when there is no such directory. */
export async function isNetworkFileSystem(directory: string, files: Files): Promise<boolean> {
  return NETWORK_TYPES.has((await files.volume(directory)).type);
}
