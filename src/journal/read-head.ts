/** Reads the head of a segment's file, and of the file only what the head needs. */
import { systemCode } from '../lib/errors.js';
import { newerVersion } from './cursor.js';
import type { Files, OpenFile } from './files.js';
import { decodeSegmentHead, type SegmentHead } from './segment-codec.js';

/** Enough for the positions of some hundred tails at the first try. */
const FIRST_TRY_BYTES = 64 * 1024;

export interface ReadHead {
  /** `undefined` when it is illegible. */
  readonly head: SegmentHead | undefined;
  /** Length of the head, 0 when it is illegible. */
  readonly start: number;
  /** Length and mode of the file. */
  readonly bytes: number;
  readonly mode: number;
}

/** A file that is gone has no head. Throws AgentError `journal-newer` for a later version, and what the disk says. */
export async function readSegmentHead(path: string, files: Files): Promise<ReadHead> {
  let file: OpenFile;
  try {
    file = await files.open(path, 'read');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { head: undefined, start: 0, bytes: 0, mode: 0 };
    throw error;
  }
  try {
    const { bytes, mode } = await file.stat();
    for (let wanted = FIRST_TRY_BYTES; ; ) {
      const into = Buffer.allocUnsafe(Math.min(wanted, bytes));
      const decoded = decodeSegmentHead(into.subarray(0, await file.read(into, 0)));
      switch (decoded.kind) {
        case 'head':
          return { head: decoded.head, start: decoded.bytes, bytes, mode };
        case 'newer':
          throw newerVersion(path, decoded.version);
        case 'short':
          if (decoded.bytes > bytes) return { head: undefined, start: 0, bytes, mode };
          wanted = decoded.bytes;
          break;
        case 'illegible':
          return { head: undefined, start: 0, bytes, mode };
        default:
          throw decoded satisfies never;
      }
    }
  } finally {
    await file.close();
  }
}
