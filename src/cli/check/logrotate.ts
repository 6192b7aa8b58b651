/**
 * Asks logrotate what it would do with the logs, and reads its answer. `--debug`
 * changes nothing and runs no script. Without `--force` it prints when each log
 * is due and how many rotated files are kept; with it, what a rotation does:
 * the new name, copy and truncation, the compressor, the mode of the next log.
 * It does not print `shred`, `maxage`, nor what it would do with an empty log:
 * these are looked up in the block that it names.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../lib/errors.js';

/** What logrotate does with one log. */
export interface Rotation {
  /** The configuration file with the block that names the log. */
  readonly file: string;
  /** The names and patterns before the brace, as they stand in that file. */
  readonly patterns: string;
  /** How many rotated files are kept; 0: none, the log is removed at rotation. -1: all. */
  readonly rotate: number;
  /** Time between two rotations; `undefined`: by size alone. */
  readonly periodMs: number | undefined;
  /** The size at which the log is rotated before its time, or at all. */
  readonly maxBytes: number | undefined;
  readonly maxAgeMs: number | undefined;
  /** Path of the newest rotated file, not compressed; `undefined` when logrotate would not rotate the log now, such as an empty one. */
  readonly rotatedTo: string | undefined;
  readonly copytruncate: boolean;
  readonly shred: boolean;
  /** The program that compresses rotated files, if one was named or is used. */
  readonly compressor: string | undefined;
  /** Of the log that is created after the rotation. */
  readonly created: { readonly mode: number; readonly uid: number; readonly gid: number } | undefined;
  /** Why logrotate skips the log. */
  readonly error: string | undefined;
}

/** What logrotate printed, with and without `--force`. */
export interface DebugOutput {
  readonly planned: string;
  readonly forced: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PERIODS: ReadonlyMap<string, number> = new Map([
  ['hourly', HOUR_MS],
  ['weekly', 7 * DAY_MS],
  ['monthly', 30 * DAY_MS],
  ['yearly', 365 * DAY_MS],
]);
const PATIENCE_MS = 10_000;
const MOST_BYTES = 64 * 1024 * 1024;
/** Where it is installed; a user's PATH often lacks it. */
const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** `undefined` when logrotate is not installed; rejects when it does not end. */
export async function askLogrotate(file: string, path = SYSTEM_PATH): Promise<DebugOutput | undefined> {
  try {
    return { planned: await debug([file], path), forced: await debug(['--force', file], path) };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The path of the system is searched last. */
export function searchPath(env: NodeJS.ProcessEnv): string {
  return env.PATH ? `${env.PATH}:${SYSTEM_PATH}` : SYSTEM_PATH;
}

/** It prints on standard error, and its exit status also counts faults in blocks of other logs. */
function debug(args: readonly string[], path: string): Promise<string> {
  const options = { env: { PATH: path, LC_ALL: 'C' }, timeout: PATIENCE_MS, maxBuffer: MOST_BYTES };
  return new Promise((resolve, reject) => {
    execFile('logrotate', ['--debug', '--state', '/dev/null', ...args], options, (error, _, stderr) => {
      if (error === null || typeof error.code === 'number') resolve(stderr);
      else reject(error);
    });
  });
}

/** How each log that logrotate considers is rotated, by its path. */
export async function rotationsIn(output: DebugOutput): Promise<ReadonlyMap<string, Rotation>> {
  const texts = await textsOf(output.planned);
  const forced = new Map(blocksOf(output.forced).map((block) => [block.patterns, block.text]));
  const rotations = new Map<string, Rotation>();
  for (const { patterns, when, text } of blocksOf(output.planned)) {
    const [file, own] = blockIn(texts, patterns);
    const action = forced.get(patterns) ?? '';
    for (const [, path = ''] of text.matchAll(/^considering log (.+)$/gm)) {
      if (!rotations.has(path))
        rotations.set(path, { file, patterns, ...planOf(when, text), ...stepsOf(path, action, own) });
    }
  }
  return rotations;
}

interface Block {
  readonly patterns: string;
  /** `weekly (4 rotations)` */
  readonly when: string;
  readonly text: string;
}

const WHEN = /\s+((?:forced from command line|after \d+ days|hourly|weekly|monthly|yearly|\d+ bytes) .*)$/m;

function blocksOf(output: string): Block[] {
  return output
    .split(/^rotating pattern: /m)
    .slice(1)
    .flatMap((text) => {
      const when = WHEN.exec(text);
      return when === null ? [] : [{ patterns: text.slice(0, when.index), when: when[1] ?? '', text }];
    });
}

function planOf(when: string, text: string): Pick<Rotation, 'rotate' | 'periodMs' | 'maxBytes'> {
  const days = /^after (\d+) days/.exec(when)?.[1];
  const bytes = /^(\d+) bytes/.exec(when)?.[1] ?? /log files >= (\d+) are rotated earlier/.exec(text)?.[1];
  const kept = /\((\d+) rotations\)/.exec(when)?.[1];
  return {
    rotate: when.includes('(no old logs will be kept)') ? 0 : Number(kept ?? -1),
    periodMs: days === undefined ? PERIODS.get(when.split(' ', 1)[0] ?? '') : Number(days) * DAY_MS,
    maxBytes: bytes === undefined ? undefined : Number(bytes),
  };
}

type Steps = Omit<Rotation, 'file' | 'patterns' | 'rotate' | 'periodMs' | 'maxBytes'>;

/** `own`: the options of the block, then those for all blocks. */
function stepsOf(path: string, action: string, own: readonly string[]): Steps {
  const lines = action.split('\n');
  const after = (start: string) => lines.find((line) => line.startsWith(start))?.slice(start.length);
  const created = / mode = (\d+) uid = (\d+) gid = (\d+)/.exec(after(`creating new ${path}`) ?? '');
  const rotatedTo = after(`renaming ${path} to `) ?? after(`copying ${path} to `);
  const maxAge = optionIn(own, 'maxage');
  const compressing =
    lines.some((line) => line.startsWith('compressing log')) || optionIn(own, 'compress') !== undefined;
  return {
    rotatedTo,
    copytruncate: after(`truncating ${path}`) !== undefined || optionIn(own, 'copytruncate') !== undefined,
    shred: optionIn(own, 'shred') !== undefined,
    compressor: compressing ? (after('compressing log with: ') ?? optionIn(own, 'compresscmd')) : undefined,
    maxAgeMs: Number(maxAge) > 0 ? Number(maxAge) * DAY_MS : undefined,
    created:
      created === null
        ? undefined
        : { mode: Number.parseInt(created[1] ?? '', 8), uid: Number(created[2]), gid: Number(created[3]) },
    error: after(`error: skipping "${path}" because `),
  };
}

/** The configuration files that logrotate says it has read, by path. Those of an included directory it names without it. */
async function textsOf(planned: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  let directory = '';
  for (const [, what, name = ''] of planned.matchAll(/^(including|reading config file) (.+)$/gm)) {
    if (what === 'including') directory = name;
    else {
      const path = name.startsWith('/') ? name : join(directory, name);
      texts.set(path, await readFile(path, 'utf8').catch(() => ''));
    }
  }
  return texts;
}

/** Where the block stands, and its options followed by those that stand in no block. */
function blockIn(texts: ReadonlyMap<string, string>, patterns: string): [file: string, options: readonly string[]] {
  const [main = ''] = texts.values();
  const common = main.replaceAll(/^[^#\n{]*\{[\s\S]*?^\s*\}/gm, '');
  for (const [file, text] of texts) {
    for (let start = text.indexOf(patterns); start >= 0; start = text.indexOf(patterns, start + 1)) {
      const rest = text.slice(start + patterns.length);
      if (/^\s*\{/.test(rest)) return [file, [rest.split(/^\s*\}/m, 1)[0] ?? '', common]];
    }
  }
  return [[...texts.keys()][0] ?? '', [common]];
}

/** The option's value, '' for one without; `undefined` when it is not set or taken back. */
function optionIn(options: readonly string[], name: string): string | undefined {
  const found = options.map((text) =>
    [...text.matchAll(new RegExp(`^[\\s{]*(no)?${name}(?![a-z])[ \\t=]*(.*)$`, 'gm'))].at(-1),
  );
  const [, negated, value] = found.find((match) => match !== undefined) ?? [];
  return negated === undefined ? value?.trim() : undefined;
}
