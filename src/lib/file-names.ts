/**
 * File names that are not UTF-8, as strings. On Linux a name is bytes; strings hold them as UTF-8, and each byte that is not part of any
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
