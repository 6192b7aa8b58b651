/**
 * What log rotation leaves for an agent that was stopped: the rotated files in
 * which it would search for unread lines, and what logrotate does that would
 * put lines out of its reach.
 */
import { basename, dirname, join } from 'node:path';
import type { Config, SourceConfig } from '../../config/config.js';
import { systemClock } from '../../lib/clock.js';
import { reasonOf } from '../../lib/errors.js';
import { systemFiles } from '../../lib/files.js';
import { Finder, type FindOptions } from '../../source/find/finder.js';
import { compileGlob } from '../../source/find/glob.js';
import { compressionOf, isLiveName, lineagesOf, liveNames } from '../../source/find/rotated-name.js';
import type { FoundFile } from '../../source/find/snapshot.js';
import { plural, sizeText } from '../voice.js';
import { askLogrotate, type Rotation, rotationsIn, searchPath } from './logrotate.js';
import type { User } from './permission.js';
import { type CheckResult, good, warning } from './result.js';

/** A followed log with its rotated files as they are now, and how logrotate rotates it. */
export interface Log {
  readonly source: string;
  readonly path: string;
  /** Links resolved. */
  readonly real: string;
  readonly bytes: number;
  readonly bornMs: number;
  /** The newest first; without those that cannot be read. */
  readonly rotated: readonly Generation[];
  readonly rotation?: Rotation | undefined;
}

interface Generation {
  readonly path: string;
  /** When it was written to last. */
  readonly endMs: number;
  /** Bytes of text. */
  readonly bytes: number;
}

// What gunzip understands.
const GZIP = /^(?:gzip|pigz|zopfli|igzip)$/;
const MOST_NAMED = 3;

/** The logs that are followed, and what rotation does with them. `isKnown`: logrotate has answered. */
export async function checkRotation(
  config: Config,
  logrotateFile: string,
  env: NodeJS.ProcessEnv,
  user: User,
): Promise<{ results: CheckResult[]; logs: Log[]; isKnown: boolean }> {
  const found = await followedLogs(config.sources, systemClock.nowMs);
  const { rotations, results } = await askedRotations(logrotateFile, env);
  const logs = found.map((log) => ({ ...log, rotation: rotations?.get(log.path) ?? rotations?.get(log.real) }));
  return {
    results: [...results, ...config.sources.flatMap((source) => ofSource(source, logs, user))],
    logs,
    isKnown: rotations !== undefined,
  };
}

async function askedRotations(
  file: string,
  env: NodeJS.ProcessEnv,
): Promise<{ rotations: ReadonlyMap<string, Rotation> | undefined; results: CheckResult[] }> {
  try {
    const output = await askLogrotate(file, searchPath(env));
    if (output !== undefined) return { rotations: await rotationsIn(output), results: [] };
    return {
      rotations: undefined,
      results: [good('rotation: logrotate is not installed, so nothing is known of how logs are rotated')],
    };
  } catch (error) {
    const result = warning(
      `rotation: logrotate did not answer: ${reasonOf(error)}`,
      `see what this prints: logrotate --debug --state /dev/null ${file}`,
    );
    return { rotations: undefined, results: [result] };
  }
}

function ofSource(source: SourceConfig, logs: readonly Log[], user: User): CheckResult[] {
  const own = logs.filter((log) => log.source === source.name);
  const warnings = own.flatMap((log) =>
    log.rotation === undefined ? [] : warningsOf(source, log, log.rotation, user),
  );
  // One block often rotates many logs: what is wrong with it is said once.
  const once = [...new Map(warnings.map((result) => [result.text, result])).values()];
  return [...usedFiles(source.name, own), ...once];
}

function usedFiles(source: string, logs: readonly Log[]): CheckResult[] {
  const files = logs.flatMap(({ rotated }) => rotated);
  if (files.length === 0) return [];
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const named = files.slice(0, MOST_NAMED).map(({ path }) => path);
  const others = files.length - named.length;
  const list = named.join(', ') + (others > 0 ? ` and ${others} more` : '');
  return [
    good(
      `source ${source}: ${plural(files.length, 'rotated file')} to search for unread lines, ${sizeText(bytes)}: ${list}`,
    ),
  ];
}

function warningsOf(source: SourceConfig, log: Log, rotation: Rotation, user: User): CheckResult[] {
  const { patterns, rotate, rotatedTo, compressor, created, error } = rotation;
  const where = `source ${source.name}: logrotate (${rotation.file})`;
  const logs = patterns.trim().replaceAll(/\s+/g, ' ');
  if (error !== undefined) return [warning(`${where} does not rotate ${log.path}: ${error}`)];
  if (rotate === 0) {
    return [
      warning(
        `${where} removes ${logs} at rotation; lines that are unread then are lost`,
        'set rotate to 7 or more there: that is how many periods the agent may be stopped',
      ),
    ];
  }
  const warnings: CheckResult[] = [];
  if (rotatedTo !== undefined && !isLookedInto(rotatedTo, log.real, source)) {
    warnings.push(outOfReach(where, source, log, rotatedTo));
  }
  if (compressor !== undefined && !GZIP.test(basename(compressor))) {
    warnings.push(
      warning(
        `${where} compresses ${logs} with ${compressor}, which the agent cannot read; unread lines are lost`,
        'remove compresscmd there, so that gzip is used',
      ),
    );
  }
  if (rotation.copytruncate) {
    warnings.push(
      warning(
        `${where} rotates ${logs} by copytruncate; lines written between copy and truncation are lost before anyone can read them`,
        'use create there if the writing program opens its log again (OpenEMR and `export` do)',
      ),
    );
  }
  if (rotation.shred) {
    warnings.push(
      warning(
        `${where} overwrites rotated files of ${logs} (shred) before it removes them; lines that are unread then are lost`,
        'remove shred there, or keep rotated files longer than the agent may be stopped',
      ),
    );
  }
  if (created !== undefined && !mayRead(user, created)) {
    warnings.push(
      warning(
        `${where} creates ${logs} with mode ${created.mode.toString(8).padStart(4, '0')}, which the agent's user ${user.name} cannot read without an access list`,
        `use create 0640 OWNER GROUP there, with a group that ${user.name} is in`,
      ),
    );
  }
  return warnings;
}

function mayRead({ uid, gids }: User, created: NonNullable<Rotation['created']>): boolean {
  if (uid === created.uid) return true;
  return (created.mode & 0o004) !== 0 || (gids.has(created.gid) && (created.mode & 0o040) !== 0);
}

function outOfReach(where: string, source: SourceConfig, log: Log, newest: string): CheckResult {
  const directory = dirname(newest);
  const beside = directory === dirname(log.real);
  const pattern = join(directory, beside ? basename(newest) : `${basename(log.real)}*`);
  const moved = beside ? `renames ${log.path} to ${newest}` : `moves ${log.path} to ${directory}`;
  return warning(
    `${where} ${moved}, where the agent does not search for unread lines`,
    `add to source ${source.name}: rotated: ["${pattern}"]`,
  );
}

async function followedLogs(sources: readonly FindOptions[], nowMs: () => number): Promise<Log[]> {
  const snapshot = await new Finder(sources, { files: systemFiles, nowMs }).find([]);
  const files = [...snapshot.files.values()];
  const rotated = new Map<string, Generation[]>();
  for (const file of files) {
    const [{ path, real, matched, anyName }] = file.names;
    if ((matched && isLiveName(real ?? path)) || compressionOf(basename(path)) === 'unsupported') continue;
    const generation = { path, endMs: file.stats.mtimeMs, bytes: await textBytes(path, file.stats.size) };
    // Where rotated files have a directory of their own, the name alone must do.
    for (const lineage of lineagesOf(real ?? path)) add(rotated, anyName ? basename(lineage) : lineage, generation);
  }
  return files.flatMap(({ names: [{ path, real = path, source, matched }], stats }) => {
    if (!matched || !isLiveName(real)) return [];
    const own = [...(rotated.get(real) ?? []), ...(rotated.get(basename(real)) ?? [])];
    own.sort((a, b) => b.endMs - a.endMs);
    return [{ source, path, real, bytes: stats.size, bornMs: bornMs(stats), rotated: own }];
  });
}

/** Whether the agent would search a file at `rotated` for unread lines of `log`. */
function isLookedInto(rotated: string, log: string, source: FindOptions): boolean {
  const named = (patterns: readonly string[]) =>
    patterns.some((pattern) => compileGlob(pattern).some((glob) => glob.matches(rotated)));
  if (named(source.exclude)) return false;
  if (dirname(rotated) === dirname(log) && liveNames(basename(rotated)).includes(basename(log))) return true;
  return named(source.rotated) || (named(source.paths) && liveNames(basename(rotated)).includes(basename(log)));
}

function add(map: Map<string, Generation[]>, key: string, generation: Generation): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [generation]);
  else known.push(generation);
}

/** A file system that keeps no birth time gives 0, or the time of the last change. */
function bornMs({ birthtimeMs, mtimeMs }: FoundFile['stats']): number {
  return birthtimeMs > 0 ? Math.min(birthtimeMs, mtimeMs) : mtimeMs;
}

/** The last four bytes of a gzip file say how long its text is, modulo 2^32 (RFC 1952 section 2.3.1). */
async function textBytes(path: string, size: number): Promise<number> {
  if (compressionOf(basename(path)) === 'none') return size;
  const file = await systemFiles.open(path, 'read').catch(() => undefined);
  const length = Buffer.alloc(4);
  try {
    return (await file?.read(length, Math.max(0, size - 4))) === 4 ? length.readUInt32LE() : size;
  } finally {
    await file?.close();
  }
}
