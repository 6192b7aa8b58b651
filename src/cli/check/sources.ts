/** Checks which files each source matches now, and which of them cannot be read. */
import { randomBytes } from 'node:crypto';
import { access, constants } from 'node:fs/promises';
import { userInfo } from 'node:os';
import type { Config } from '../../config/config.js';
import { systemClock } from '../../lib/clock.js';
import { systemCode } from '../../lib/errors.js';
import { bytesOfPath } from '../../lib/file-names.js';
import { systemFiles } from '../../lib/files.js';
import { Problems } from '../../lib/problems.js';
import type { Report } from '../../model/report.js';
import { type FileState, Sources } from '../../source/sources.js';
import { plural, sizeText } from '../voice.js';
import { permissionCommand } from './permission.js';
import { bad, type CheckResult, good, warning } from './result.js';

export async function checkSources({ sources, message }: Config): Promise<CheckResult[]> {
  const warnings: CheckResult[] = [];
  const report = collecting(warnings);
  const followed = await Sources.open(sources, [], {
    clock: systemClock,
    files: systemFiles,
    report,
    problems: new Problems(systemClock).of(report),
    notice: () => undefined,
    newTailId: () => randomBytes(8).toString('hex'),
  });
  const files = await Promise.all(followed.files().map(withAccess));
  await followed.close();
  const loops = await ownMessages(files, message.enterpriseId);
  const bySource = await Promise.all(sources.map(({ name, paths }) => ofSource(name, paths, files)));
  return [...bySource.flat(), ...loops, ...warnings];
}

/** The sources have not tried to read the file yet. */
async function withAccess(file: FileState): Promise<FileState> {
  if (file.code !== undefined) return file;
  return access(bytesOfPath(file.path), constants.R_OK).then(
    () => file,
    (error: unknown) => ({ ...file, code: systemCode(error) }),
  );
}

async function ofSource(name: string, paths: readonly string[], files: readonly FileState[]): Promise<CheckResult[]> {
  const own = files.filter(({ source }) => source === name);
  if (own.length === 0) {
    return [
      warning(
        `source ${name}: no file matches ${paths.join(' ')}`,
        'files that appear later are followed; if files exist already, correct sources[].paths',
      ),
    ];
  }
  const readable = own.filter(({ code }) => code === undefined);
  const bytes = readable.reduce((sum, { size = 0 }) => sum + size, 0);
  const unreadable = await Promise.all(own.filter(({ code }) => code !== undefined).map(unreadableFile));
  if (readable.length === 0) return unreadable;
  return [good(`source ${name}: ${plural(readable.length, 'file')}, ${sizeText(bytes)}`), ...unreadable];
}

async function unreadableFile({ path, code, source }: FileState): Promise<CheckResult> {
  const command = code === 'EACCES' ? await permissionCommand(path, '/proc/self') : undefined;
  const hint = command === undefined ? 'make the file readable; the running agent retries it' : `as root: ${command}`;
  return bad(`source ${source}: cannot read ${path} as ${userInfo().username} (${code})`, hint);
}

/** Turns the warnings of the sources into results. */
function collecting(results: CheckResult[]): Report {
  const ignore = () => undefined;
  const take: Report['warning'] = (message, { remedy, ...facts } = {}) => {
    const details = Object.entries(facts).map(([name, value]) => `${name} ${value}`);
    results.push(warning([message, ...details].join(', '), remedy === undefined ? undefined : String(remedy)));
  };
  return { debug: ignore, info: ignore, notice: ignore, warning: take, error: take };
}

/*
 * Followed files that hold what the agent sends: a collector on this host
 * writes there, and each line that is sent would add another one.
 */

/** A loop shows at the end of a file; only so many files are looked at. */
const END_BYTES = 64 * 1024;
const MOST_FILES = 1_000;

async function ownMessages(files: readonly FileState[], enterpriseId: string): Promise<CheckResult[]> {
  const marks = [`[audit@${enterpriseId} run="`, `[agent@${enterpriseId} kind="`];
  const results: CheckResult[] = [];
  for (const { path, source, code, size = 0 } of files.slice(0, MOST_FILES)) {
    if (code !== undefined) continue;
    const end = await endOf(path, size).catch(() => Buffer.alloc(0));
    if (!marks.some((mark) => end.includes(mark))) continue;
    results.push(
      warning(
        `source ${source}: ${path} holds messages that this agent sends`,
        'a collector on this host seems to write there: change its output file, or add the file to sources[].exclude',
      ),
    );
  }
  return results;
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
