/** Can the journal be kept where the configuration wants it, and is there room? */
import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { JournalConfig } from '../../config/config.js';
import { systemFiles } from '../../journal/files.js';
import { isNetworkFileSystem } from '../../journal/network-file-system.js';
import { systemCode } from '../../lib/errors.js';
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
