/**
 * How the program speaks. What goes wrong is said on standard error, behind
 * the program's name, in small letters and without a full stop; a hint follows
 * on a line of its own. Colour only where a person looks on.
 */
import { diskRemedy } from '../lib/disk-remedy.js';
import { AgentError, reasonOf, systemCode } from '../lib/errors.js';
import type { Paint } from '../observe/paint.js';

export const COMMAND = 'openemr-audit-forwarder';

/** What a machine may refuse anywhere and at any time: no fault of the program, also where nobody foresaw it. */
const REFUSALS: ReadonlySet<string> = new Set(
  'ERR_MODULE_NOT_FOUND EACCES EPERM EROFS EIO ENOSPC EDQUOT ENOMEM EMFILE ENFILE ESTALE ELOOP ENAMETOOLONG ETXTBSY'.split(
    ' ',
  ),
);
const HINTS: Readonly<Record<string, string>> = {
  ERR_MODULE_NOT_FOUND: 'let it open more files (LimitNOFILE= in the unit, ulimit -n in a shell), or install it again',
  EMFILE: 'let it open more files: LimitNOFILE= in the unit, ulimit -n in a shell; 128 are enough to run',
  ENFILE: 'all programs together have too many files open: raise fs.file-max with sysctl',
  EACCES: 'let this user do that, or run the command as the user that may',
  EPERM: 'let this user do that, or run the command as the user that may',
  ENOMEM: 'free memory on this machine, or raise MemoryMax= in the unit',
};
const DISK = 'see to the file or disk that is named; the kernel log (dmesg) may say more';
const FAULT = 'this is a fault of the program; please report it, with what OAF_DEBUG=1 adds to this message';

/** All that is said of an error, with its line ends. The stack is for those who asked by OAF_DEBUG. */
export function errorText(error: unknown, paint: Paint, env: NodeJS.ProcessEnv): string {
  const known = error instanceof AgentError;
  // Node.js 24 says of a package.json that it could not open why only in words.
  const code = !known && reasonOf(error).endsWith('too many open files.') ? 'EMFILE' : systemCode(error);
  const refused = REFUSALS.has(code);
  const message = known ? error.message : `${refused ? '' : 'unexpected: '}${reasonOf(error)}`;
  const hint = known ? error.hint : refused ? (HINTS[code] ?? diskRemedy(code, DISK)) : FAULT;
  const lines = [`${paint('red', `${COMMAND}:`)} ${message}`];
  if (hint !== undefined) lines.push(`${paint('bold', 'hint:')} ${hint}`);
  if (env.OAF_DEBUG) lines.push(stacks(error));
  return `${lines.join('\n')}\n`;
}

function stacks(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by: ${stacks(error.cause)}`;
}

/** `1,234,567`. */
export function countText(count: number): string {
  // The first toLocaleString loads what it knows of languages: a twentieth of a start.
  return Number.isSafeInteger(count)
    ? String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',')
    : count.toLocaleString('en-US');
}

/** `1 file`, `2 files`. */
export function plural(count: number, one: string): string {
  return `${countText(count)} ${one}${count === 1 ? '' : 's'}`;
}

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `8 KiB`, `1.5 MiB`. */
export function sizeText(bytes: number): string {
  let size = bytes;
  let unit = 0;
  // Half a step early: 1023.96 would be rounded to 1024.
  while (size >= 1023.95 && unit < BINARY.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${rounded(size)} ${BINARY[unit]}`;
}

const UNITS = [
  { ms: 86_400_000, name: 'd' },
  { ms: 3_600_000, name: 'h' },
  { ms: 60_000, name: 'min' },
  { ms: 1000, name: 's' },
] as const;

/** `350 ms`, `2.4 s`, `3 min 20 s`, `2 d 5 h`: two units at most, for a person. */
export function durationText(ms: number): string {
  for (const [rank, { ms: whole, name }] of UNITS.entries()) {
    const smaller = UNITS[rank + 1];
    if (smaller === undefined) break;
    // Rounded first: 59.96 minutes are an hour, not 60 minutes.
    const parts = Math.round(ms / smaller.ms);
    const each = whole / smaller.ms;
    if (parts < each) continue;
    const rest = parts % each;
    return `${Math.floor(parts / each)} ${name}${rest === 0 ? '' : ` ${rest} ${smaller.name}`}`;
  }
  return Math.round(ms) < 1000 ? `${Math.round(ms)} ms` : `${rounded(ms / 1000)} s`;
}

function rounded(number: number): string {
  return String(Math.round(number * 10) / 10);
}

/** A moment for somebody who compares it with a clock: `2026-11-23 10:00:05Z (2 h ago)`. */
export function momentText(atMs: number, nowMs: number): string {
  const time = new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
  return `${time}Z (${durationText(Math.max(0, nowMs - atMs))} ago)`;
}
