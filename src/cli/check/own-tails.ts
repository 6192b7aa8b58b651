/** Files that are followed and hold what we send: a collector on this host writes there, and each line would make a longer one. */
import { systemFiles } from '../../lib/files.js';
import type { FileState } from '../../source/sources.js';
import { type Finding, warning } from './finding.js';

/** The end of a file is looked at, where a loop would show; of that many files. */
const END_BYTES = 64 * 1024;
const MOST_FILES = 1_000;

export async function ownTails(files: readonly FileState[], enterpriseId: string): Promise<Finding[]> {
  const marks = [`[audit@${enterpriseId} run="`, `[agent@${enterpriseId} kind="`];
  const findings: Finding[] = [];
  for (const { path, source, code, size = 0 } of files.slice(0, MOST_FILES)) {
    if (code !== undefined) continue;
    const end = await endOf(path, size).catch(() => Buffer.alloc(0));
    if (!marks.some((mark) => end.includes(mark))) continue;
    findings.push(
      warning(
        `source ${source}: ${path} holds messages that this agent sends`,
        'if a collector on this host writes there, let it write elsewhere, or name the file under sources[].exclude',
      ),
    );
  }
  return findings;
}

async function endOf(path: string, size: number): Promise<Buffer> {
  const file = await systemFiles.open(path, 'read');
  try {
    const buffer = Buffer.alloc(Math.min(size, END_BYTES));
    return buffer.subarray(0, await file.read(buffer, Math.max(0, size - END_BYTES)));
  } finally {
    await file.close();
  }
}
