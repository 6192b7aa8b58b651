/** What to say of the machine that a figure comes from, and how busy it was with other things. */
import { statfsSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { syslogNgVersion } from '../../test/support/syslog-ng.js';
import { commitOf } from '../peers/agent.js';
import { rsyslogVersion } from '../peers/rsyslog.js';

/** By statfs(2); those that a temporary directory is found on. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'XFS',
  2435016766: 'Btrfs',
  16914836: 'tmpfs',
  2035054128: 'overlayfs',
};

/** One fact a row. */
export async function machine(): Promise<string[][]> {
  const processors = cpus();
  const here = fileURLToPath(new URL('.', import.meta.url));
  return [
    ['processors', `${processors.length} × ${processors[0]?.model ?? 'unknown'}`],
    ['memory', `${Math.round(totalmem() / 2 ** 30)} GiB`],
    ['kernel', `Linux ${release()}`],
    ['disk', FILE_SYSTEMS[statfsSync(tmpdir()).type] ?? 'unknown file system'],
    ['openemr-audit-forwarder', commitOf(here) ?? 'not from a checkout'],
    ['Node.js', process.version],
    ['rsyslog', (await rsyslogVersion()) ?? 'not installed'],
    ['syslog-ng', (await syslogNgVersion()) ?? 'not installed'],
  ];
}

/** Processes that wanted a processor in the last minute, on average. */
export function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}

/** All of it in one line. */
export async function machineLine(): Promise<string> {
  const facts = (await machine()).map(([name, value]) => `${name} ${value}`);
  return `${facts.join(', ')}, load ${load()}`;
}
