/** Checks which files each source matches now, and which of them the agent's user cannot read. */
import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../config/config.js';
import { ownPaths } from '../../config/own-paths.js';
import { systemClock } from '../../lib/clock.js';
import { bytesOfPath } from '../../lib/file-names.js';
import { systemFiles } from '../../lib/files.js';
import { Problems } from '../../lib/problems.js';
import type { Report } from '../../model/report.js';
import { type FileState, Sources } from '../../source/sources.js';
import { plural, sizeText } from '../voice.js';
import { permissionCommand, type User, unreadableFor } from './permission.js';
import { bad, type CheckResult, good, warning } from './result.js';

export async function checkSources(config: Config, user: User): Promise<CheckResult[]> {
  const { sources, message } = config;
  const warnings: CheckResult[] = [];
  const report = collecting(warnings);
  const followed = await Sources.open(sources, [], {
    clock: systemClock,
    files: systemFiles,
    report,
    problems: new Problems(systemClock).of(report),
    notice: () => undefined,
    newTailId: () => randomBytes(8).toString('hex'),
    ownPaths: ownPaths(config),
    uid: user.uid,
  });
  const found = followed.files();
  await followed.close();
  // One after another: meanwhile this process is that user.
  const files: FileState[] = [];
  for (const file of found) files.push({ ...file, code: file.code ?? (await unreadableFor(user, file.path)) });
  const loops = await ownMessages(files, message.enterpriseId);
  const bySource: CheckResult[] = [];
  for (const { name, paths } of sources) bySource.push(...(await ofSource(name, paths, files, user)));
  return [...bySource, ...loops, ...warnings];
}

async function ofSource(
  name: string,
  paths: readonly string[],
  files: readonly FileState[],
  user: User,
): Promise<CheckResult[]> {
  const own = files.filter(({ source }) => source === name);
  if (own.length === 0) return [await nothingMatches(name, paths)];
  const readable = own.filter(({ code }) => code === undefined);
  const bytes = readable.reduce((sum, { size = 0 }) => sum + size, 0);
  const unreadable: CheckResult[] = [];
  for (const file of own) if (file.code !== undefined) unreadable.push(await unreadableFile(file, user));
  if (readable.length === 0) return unreadable;
  return [good(`source ${name}: ${plural(readable.length, 'file')}, ${sizeText(bytes)}`), ...unreadable];
}

async function nothingMatches(name: string, paths: readonly string[]): Promise<CheckResult> {
  const text = `source ${name}: no file matches ${paths.join(' ')}`;
  const missing = new Set<string>();
  for (const path of paths) {
    const directory = directoryOf(path);
    const there = await stat(bytesOfPath(directory)).catch(() => undefined);
    if (there === undefined) missing.add(directory);
  }
  if (missing.size === 0) {
    return warning(text, 'files that appear later are followed; if files exist already, correct sources[].paths');
  }
  const [first, ...others] = missing;
  const which =
    others.length === 0
      ? `the directory ${first} does not exist`
      : `these directories do not exist: ${[...missing].join(', ')}`;
  return warning(`${text}: ${which}`, 'correct sources[].paths, or let the program that writes the logs make it');
}

/** The directory that a glob begins to search in. */
function directoryOf(glob: string): string {
  const plain = /^[^*?[{]*/.exec(glob)?.[0] ?? '';
  return plain === glob ? dirname(glob) : plain.slice(0, plain.lastIndexOf('/')) || '/';
}

async function unreadableFile({ path, code, source }: FileState, user: User): Promise<CheckResult> {
  const command = code === 'EACCES' ? await permissionCommand(path, user) : undefined;
  const hint = command === undefined ? 'make the file readable; the running agent retries it' : `as root: ${command}`;
  return bad(`source ${source}: the agent's user ${user.name} cannot read ${path} (${code})`, hint);
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
