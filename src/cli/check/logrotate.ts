/**
 * What logrotate has been told to do with log files, read from its
 * configuration as logrotate(8) 3.21 describes it: includes, options that hold
 * for what follows, stanzas of quoted and wildcard paths, scripts that are
 * skipped. Options that change neither where rotated files go nor for how long
 * they stay are passed over.
 */
import { basename, dirname, join } from 'node:path';
import { compileGlob } from '../../source/find/glob.js';

export interface Rotation {
  /** As they stand there, in the sense of glob(3). */
  readonly patterns: readonly string[];
  /** The file that the stanza stands in. */
  readonly file: string;
  /** Where rotated files go; relative to the log's own directory. */
  readonly olddir: string | undefined;
  /** How many rotated files are kept; 0: none, the log is removed at rotation. -1: all. */
  readonly rotate: number;
  /** How long from one rotation to the next; `undefined`: by size alone. */
  readonly periodMs: number | undefined;
  /** The size at which the log is rotated before its time, or at all. */
  readonly maxBytes: number | undefined;
  readonly maxAgeMs: number | undefined;
  readonly copytruncate: boolean;
  /** The program that compresses rotated files. */
  readonly compressor: string | undefined;
  /** The newest rotated file stays uncompressed. */
  readonly delaycompress: boolean;
  readonly dateext: boolean;
  readonly dateformat: string;
  /** Comes behind what rotation adds to the name. */
  readonly extension: string | undefined;
}

/** Reads configuration files; a directory gives the files in it. Rejects with the system's error. */
export interface ConfigurationFiles {
  read(path: string): Promise<string | readonly string[]>;
}

type Options = { -readonly [Key in keyof Omit<Rotation, 'patterns' | 'file'>]: Rotation[Key] } & {
  compressing: boolean;
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PERIODS = new Map([
  ['hourly', HOUR_MS],
  ['daily', DAY_MS],
  ['weekly', 7 * DAY_MS],
  ['monthly', 30 * DAY_MS],
  ['yearly', 365 * DAY_MS],
]);
const SCRIPTS = new Set(['postrotate', 'prerotate', 'firstaction', 'lastaction', 'preremove']);
const UNITS: Readonly<Record<string, number>> = { k: 1024, M: 1024 ** 2, G: 1024 ** 3 };
// What packages and editors leave behind in an included directory (logrotate's default `tabooext`).
const TABOO =
  /(?:,v|~|\.bak|\.cfsaved|\.disabled|\.dpkg-(?:bak|del|dist|new|old|tmp)|\.rhn-cfg-tmp-.*|\.rpm(?:new|orig|save)|\.swp|\.ucf-(?:dist|new|old))$/;
const MOST_INCLUDES = 1000;

/** All stanzas that `file` leads to. What cannot be read is in `unreadable`. */
export async function readRotations(
  file: string,
  files: ConfigurationFiles,
): Promise<{ readonly rotations: readonly Rotation[]; readonly unreadable: readonly string[] }> {
  const reading = new Reading(files);
  await reading.file(file);
  return reading;
}

class Reading {
  readonly rotations: Rotation[] = [];
  readonly unreadable: string[] = [];
  #left = MOST_INCLUDES;
  readonly #globals: Options = {
    olddir: undefined,
    rotate: 0,
    periodMs: undefined,
    maxBytes: undefined,
    maxAgeMs: undefined,
    copytruncate: false,
    compressor: 'gzip',
    compressing: false,
    delaycompress: false,
    dateext: false,
    dateformat: '-%Y%m%d',
    extension: undefined,
  };

  constructor(readonly files: ConfigurationFiles) {}

  async file(path: string): Promise<void> {
    if (this.#left-- <= 0) return;
    let found: string | readonly string[];
    try {
      found = await this.files.read(path);
    } catch {
      this.unreadable.push(path);
      return;
    }
    if (typeof found === 'string') return this.#text(found, path);
    for (const name of [...found].sort()) if (!TABOO.test(name)) await this.file(join(path, name));
  }

  async #text(text: string, file: string): Promise<void> {
    let stanza: { readonly patterns: readonly string[]; readonly options: Options } | undefined;
    let names = '';
    let inScript = false;
    for (const raw of text.split('\n')) {
      let line = raw.trim();
      if (inScript) {
        inScript = line !== 'endscript';
        continue;
      }
      while (line !== '' && !line.startsWith('#')) {
        if (stanza === undefined && (names !== '' || /^["'/~]/.test(line))) {
          // A brace in a pattern would open the stanza, too: logrotate knows no {a,b}.
          const open = line.indexOf('{');
          names += ` ${open === -1 ? line : line.slice(0, open)}`;
          line = open === -1 ? '' : line.slice(open + 1).trim();
          if (open === -1) continue;
          stanza = { patterns: words(names), options: { ...this.#globals } };
          names = '';
        } else if (line.startsWith('}')) {
          if (stanza !== undefined) this.rotations.push(rotationOf(stanza.patterns, file, stanza.options));
          stanza = undefined;
          line = line.slice(1).trim();
        } else {
          const [, key = '', value = ''] = /^(\S+?)(?:[\s=]+(.*))?$/.exec(line) ?? [];
          line = '';
          inScript = SCRIPTS.has(key);
          if (key === 'include' && stanza === undefined) await this.file(value);
          else apply(stanza?.options ?? this.#globals, key, value);
        }
      }
    }
  }
}

function apply(options: Options, key: string, value: string): void {
  const period = PERIODS.get(key);
  if (period !== undefined) Object.assign(options, { periodMs: period, maxBytes: undefined });
  else if (key === 'size') Object.assign(options, { periodMs: undefined, maxBytes: bytesOf(value) });
  else if (key === 'maxsize') options.maxBytes = bytesOf(value);
  else if (key === 'rotate') options.rotate = Number.parseInt(value, 10) || 0;
  else if (key === 'maxage') options.maxAgeMs = (Number.parseInt(value, 10) || 0) * DAY_MS || undefined;
  else if (key === 'olddir') options.olddir = value;
  else if (key === 'noolddir') options.olddir = undefined;
  else if (key === 'compresscmd') options.compressor = value;
  else if (key === 'compress' || key === 'nocompress') options.compressing = key === 'compress';
  else if (key === 'dateformat') options.dateformat = value;
  else if (key === 'extension') options.extension = value;
  else if (key === 'copytruncate' || key === 'delaycompress' || key === 'dateext') options[key] = true;
  else if (key === 'nocopytruncate' || key === 'nodelaycompress' || key === 'nodateext')
    options[key.slice(2) as 'copytruncate' | 'delaycompress' | 'dateext'] = false;
}

function rotationOf(patterns: readonly string[], file: string, { compressing, ...options }: Options): Rotation {
  return { ...options, patterns, file, compressor: compressing ? options.compressor : undefined };
}

function bytesOf(size: string): number | undefined {
  const [, digits, unit = ''] = /^(\d+)([kMG])?$/.exec(size) ?? [];
  return digits === undefined ? undefined : Number(digits) * (UNITS[unit] ?? 1);
}

/** Words as a shell splits them. */
function words(text: string): string[] {
  const pieces = text.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g);
  return [...pieces].map(([piece]) =>
    piece.replace(/\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/g, (_, escaped, double, single) =>
      String(escaped ?? double?.replace(/\\(.)/g, '$1') ?? single),
    ),
  );
}

/** The stanza that rotates this log. */
export function rotationFor(path: string, rotations: readonly Rotation[]): Rotation | undefined {
  return rotations.find(({ patterns }) => patterns.some((pattern) => matches(pattern, path)));
}

function matches(pattern: string, path: string): boolean {
  try {
    return compileGlob(pattern).some((glob) => glob.matches(path));
  } catch {
    return false;
  }
}

/** The path of the newest rotated file of a log, not compressed, as logrotate will name it on this day. */
export function rotatedPath(log: string, rotation: Rotation, now: Date): string {
  const { olddir, dateext, extension } = rotation;
  const directory = olddir === undefined ? dirname(log) : join(olddir.startsWith('/') ? '/' : dirname(log), olddir);
  const mark = dateext ? dateText(rotation.dateformat, now) : '.1';
  const name = basename(log);
  const kept = extension !== undefined && name.endsWith(extension) ? extension : '';
  return join(directory, name.slice(0, name.length - kept.length) + mark + (kept || (extension ?? '')));
}

function dateText(format: string, now: Date): string {
  const [date = '', time = ''] = now.toISOString().split('T');
  const [year = '', month = '', day = ''] = date.split('-');
  const parts: Readonly<Record<string, string>> = {
    Y: year,
    m: month,
    d: day,
    H: time.slice(0, 2),
    M: time.slice(3, 5),
    S: time.slice(6, 8),
    V: '01',
    Z: '+0000',
    s: String(Math.floor(now.getTime() / 1000)),
  };
  return format.replace(/%([YmdHMSVZs])/g, (_, letter: string) => parts[letter] ?? '');
}
