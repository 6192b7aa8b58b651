/**
 * Reads the column `comments` in every form that OpenEMR has given it: base64 of
 * the text since 6.0 (`version` 4), the text itself in 5.0 (up to 3), ciphertext
 * where `encrypt` says so, which only OpenEMR can read. The text need not be UTF-8:
 * binary ids are in it unchanged.
 */
import { isUtf8 } from 'node:buffer';
import { type Row, textOf } from './row.js';

export type Comments =
  | { readonly form: 'text'; readonly bytes: Buffer }
  /** What is stored. */
  | { readonly form: 'encrypted'; readonly bytes: Buffer };

export function commentsOf(row: Row): Comments {
  const stored = textOf(row.comments);
  if (row.encrypt === 'Yes') return { form: 'encrypted', bytes: Buffer.from(stored, 'utf8') };
  return { form: 'text', bytes: Buffer.from(stored, isEncoded(row, stored) ? 'base64' : 'utf8') };
}

/** The text's octets as they would be stored. */
export function storedComments(row: Row, bytes: Buffer): string {
  return bytes.toString(isEncoded(row, textOf(row.comments)) ? 'base64' : 'utf8');
}

function isEncoded(row: Row, stored: string): boolean {
  const version = textOf(row.version);
  // The side row is written after the row: a reader may have come in between.
  return version === '' ? looksEncoded(stored) : Number(version) >= FIRST_ENCODED;
}

const FIRST_ENCODED = 4;
const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;

/** A word like "done" is base64 as well, but of no text. */
function looksEncoded(stored: string): boolean {
  if (!BASE64.test(stored)) return false;
  const bytes = Buffer.from(stored, 'base64');
  return isUtf8(bytes) && !bytes.some((octet) => octet < 0x09);
}
