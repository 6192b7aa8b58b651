/**
 * Octet strings: text in which each character stands for one octet, so that
 * `length` is what a MSG-LEN counts and Node can write it with one latin1 copy.
 * Headers and structured data are built in this form, then copied once.
 */
import { isUtf8 } from 'node:buffer';

/** U+FFFD, for what cannot be written as it is. */
export const REPLACEMENT = '\ufffd';

// Most values are ASCII: one test, no copy.
const BEYOND_ASCII = /[^\0-\x7f]/;

/** The UTF-8 form of a text; an unpaired surrogate becomes U+FFFD, so what comes out is always well formed. */
export function toOctets(text: string): string {
  return BEYOND_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

/** The text that these octets are in UTF-8, or `undefined` when they are not. */
export function fromOctets(octets: string): string | undefined {
  if (!BEYOND_ASCII.test(octets)) return octets;
  const bytes = Buffer.from(octets, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/** The longest start of well-formed UTF-8 octets that has at most `limit` octets and cuts no character. */
export function cutOctets(octets: string, limit: number): string {
  if (octets.length <= limit) return octets;
  let end = Math.max(0, limit);
  while (end > 0 && isContinuation(octets.charCodeAt(end))) end -= 1;
  return octets.slice(0, end);
}

/** Is this octet inside a UTF-8 character, not its first? */
function isContinuation(octet: number): boolean {
  return (octet & 0xc0) === 0x80;
}
