/**
 * Decides how the bytes of a line become MSG (RFC 5424 section 6.4), and where a
 * line is cut that is longer than a message may be. Each part is a MSG of its own;
 * the parts, without the byte order marks that we put before them, are the line
 * again:
 *
 * - UTF-8 is cut between characters, anything else anywhere;
 * - a MSG that begins with a byte order mark has to be UTF-8, so a line that
 *   begins with one and is not is cut inside the mark, and no other cut of such
 *   a line is made before one.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { BOM } from '../syslog/rfc5424.js';

/**
 * - `plain`: as it is
 * - `marked`: a byte order mark, then as it is
 * - `cut`: in no single message
 */
export type MsgForm = 'plain' | 'marked' | 'cut';

/**
 * The form that `bytes` take. `marks`: message.bom is on. `inside`: they follow
 * a cut, so a mark at their start is content and needs ours before it.
 */
export function msgForm(bytes: Buffer, marks: boolean, inside: boolean): MsgForm {
  if (isAscii(bytes)) return 'plain';
  const begun = hasBom(bytes, 0);
  if (!isUtf8(bytes)) return begun ? 'cut' : 'plain';
  return marks && (inside || !begun) ? 'marked' : 'plain';
}

/** The end of each part of `bytes`, in order. No part is longer than `room`, byte order mark included. */
export function cutParts(bytes: Buffer, room: number): number[] {
  const utf8 = isUtf8(bytes);
  const most = room - BOM.length;
  const ends: number[] = [];
  let at = 0;
  if (!utf8 && hasBom(bytes, 0)) {
    at = 1;
    ends.push(at);
  }
  while (bytes.length - at > most) {
    at = cutBefore(bytes, at + most, utf8);
    ends.push(at);
  }
  ends.push(bytes.length);
  return ends;
}

/** Do the octets EF BB BF stand here? */
export function hasBom(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf;
}

function cutBefore(bytes: Buffer, limit: number, utf8: boolean): number {
  if (!utf8) return hasBom(bytes, limit) ? limit - 1 : limit;
  let at = limit;
  while ((bytes[at]! & 0xc0) === 0x80) at -= 1;
  return at;
}
