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
  const fields = parsed(bytes);
  if (typeof fields.version === 'number' && fields.version > VERSION) throw newerVersion(path, fields.version);
  const { journal, entry, crc32: crc } = fields;
  if (typeof journal !== 'string' || typeof entry !== 'number' || crc !== checksum({ journal, entry })) {
    return { kind: 'illegible' };
  }
  return { kind: 'cursor', cursor: { journal, entry } };
}

export async function writeCursor(path: string, cursor: Cursor, files: Files): Promise<void> {
  const line = JSON.stringify({ version: VERSION, ...cursor, crc32: checksum(cursor) });
  await replaceWhole(path, [Buffer.from(`${line}\n`)], files);
}

export function newerVersion(path: string, version: number): AgentError {
  return new AgentError('journal-newer', `${path} was written by a later version of this program (format ${version})`, {
    hint: 'install that version again; nothing in the journal has been changed',
  });
}

function checksum({ journal, entry }: Cursor): string {
  return crc32(`${journal} ${entry}`).toString(16).padStart(8, '0');
}

function parsed(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
