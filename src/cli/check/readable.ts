/**
 * Can the agent read the files of `tls`, too? `check` is mostly run by root,
 * who can read everything; the agent's is the one group that root lets into
 * the directory of the configuration, as the packages set it up.
 */
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../config/config.js';
import { bad, type Finding } from './finding.js';

type Ownership = Pick<Stats, 'uid' | 'gid' | 'mode'>;

const FILES = ['ca', 'cert', 'key', 'p12', 'passphraseFile', 'crl'] as const;

/** Nothing is said where the directory does not tell whose the agent's group is. */
export async function checkReadable({ file, tls }: Config): Promise<Finding[]> {
  if (process.getuid?.() !== 0) return [];
  const directory = dirname(file);
  const home = await stat(directory);
  const findings: Finding[] = [];
  for (const name of FILES) {
    const path = tls[name];
    // A name without a slash is a credential that systemd hands to the unit.
    if (path === undefined || !path.startsWith('/')) continue;
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && isClosedTo(home, found)) {
      const way = `chgrp --reference=${directory} ${path} && chmod 0640 ${path}`;
      findings.push(bad(`tls.${name} ${path}: you can read it, the agent cannot`, `run as root: ${way}`));
    }
  }
  return findings;
}

/** A file of anybody else than root is taken for the agent's own. */
export function isClosedTo(home: Ownership, file: Ownership): boolean {
  const namesGroup = home.uid === 0 && home.gid !== 0 && (home.mode & 0o017) === 0o010;
  if (!namesGroup || file.uid !== 0) return false;
  const byGroup = file.gid === home.gid && (file.mode & 0o040) !== 0;
  return !byGroup && (file.mode & 0o004) === 0;
}
