/**
 * The cursor on disk: `cursor.json`, one line, replaced as a whole. It carries
 * a CRC because a flipped digit would skip entries that nobody has acknowledged;
 * a cursor that cannot be believed costs repeats, never a loss.
 */
import { crc32 } from 'node:zlib';
import { AgentError } from '../lib/errors.js';
import type { Files } from './files.js';
import { readWhole, replaceWhole } from './whole-file.js';

const VERSION = 1;
/** In every version: the fields, and last the CRC of all that stands before it. */
const SEALED = /^(\{.*),"crc32":"([0-9a-f]{8})"\}\n$/;

export interface Cursor {
  /** The journal that it belongs to. */
  readonly journal: string;
  /** The last acknowledged entry. */
  readonly entry: number;
}

export type FoundCursor =
  | { readonly kind: 'cursor'; readonly cursor: Cursor }
  | { readonly kind: 'missing' | 'illegible' };

/** Throws AgentError `journal-newer` for the cursor of a later version, and what the disk says. */
export async function readCursor(path: string, files: Files): Promise<FoundCursor> {
  const bytes = await readWhole(path, files);
  if (bytes === undefined) return { kind: 'missing' };
  const [, fields = '', crc] = SEALED.exec(bytes.toString()) ?? [];
  if (crc !== checksum(fields)) return { kind: 'illegible' };
  const { version, journal, entry }: Cursor & { version: number } = JSON.parse(`${fields}}`);
  if (version > VERSION) throw newerVersion(path, version);
  return { kind: 'cursor', cursor: { journal, entry } };
}

export async function writeCursor(path: string, { journal, entry }: Cursor, files: Files): Promise<void> {
  const fields = JSON.stringify({ version: VERSION, journal, entry }).slice(0, -1);
  await replaceWhole(path, [Buffer.from(`${fields},"crc32":"${checksum(fields)}"}\n`)], files);
}

export function newerVersion(path: string, version: number): AgentError {
  return new AgentError('journal-newer', `${path} was written by a later version of this program (format ${version})`, {
    hint: 'install that version again; nothing in the journal has been changed',
  });
}

function checksum(fields: string): string {
  return crc32(fields).toString(16).padStart(8, '0');
}
