/**
 * File names that are not UTF-8, and how people see file names. Linux names
 * are bytes; strings hold them as UTF-8, and each byte that is not part of any
 * as a lone surrogate, U+DC80 for 0x80 to U+DCFF for 0xFF (as Python's
 * `surrogateescape`). JSON keeps such a string, so that a path comes back from
 * the journal as it was. Pure.
 */
import { isUtf8 } from 'node:buffer';

const ESCAPED_BYTE = /[\udc80-\udcff]/;
/** Not a pair: the second half of one is below U+DC80 or follows a first half. */
const LONE = /[\udc80-\udcff]/u;

/** A name or path as the system gives it. */
export function nameOfBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  let name = '';
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    name += length === 0 ? String.fromCharCode(0xdc00 | bytes[at]!) : bytes.toString('utf8', at, at + length);
    at += Math.max(1, length);
  }
  return name;
}

/** A name or path as the system wants it: a string where that is the same. */
export function bytesOfPath(path: string): string | Buffer {
  if (!ESCAPED_BYTE.test(path)) return path;
  const pieces = Array.from(path, (character) =>
    LONE.test(character) ? Buffer.of(character.charCodeAt(0) & 0xff) : Buffer.from(character),
  );
  return Buffer.concat(pieces);
}

/** How many bytes the UTF-8 character takes that begins here; 0: none begins. */
function characterLength(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    if (isUtf8(bytes.subarray(at, at + length))) return length;
  }
  return 0;
}

// C0 and C1 controls, DEL; what reverses or hides text (bidirectional controls, zero-width characters, line and
// paragraph separators, the byte order mark); surrogates without their other half.
const UNSHOWN = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\p{Cs}]/u;

/**
 * A path for people, terminals, logs and the wire: what is not UTF-8, controls the terminal or reorders text is
 * escaped as in the shell's `$'lat\xfc1.log'`; then a backslash is doubled.
 */
export function shownPath(path: string): string {
  if (!UNSHOWN.test(path)) return path;
  return Array.from(path, shownCharacter).join('');
}

function shownCharacter(character: string): string {
  if (character === '\\') return '\\\\';
  if (!UNSHOWN.test(character)) return character;
  const code = character.codePointAt(0)!;
  if (LONE.test(character)) return hex('\\x', code & 0xff, 2);
  return code < 0x80 ? hex('\\x', code, 2) : hex('\\u', code, 4);
}

function hex(prefix: string, value: number, digits: number): string {
  return prefix + value.toString(16).padStart(digits, '0');
}
