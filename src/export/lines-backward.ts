/** The lines of a file from its end, without their newlines: memory for one line and one read. */
import { type FileHandle, open } from 'node:fs/promises';

const READ_BYTES = 256 * 1024;
const LF = 0x0a;

/** The text behind the last newline is a line, too, unless it is empty. Throws what the disk says. */
export async function* linesBackward(path: string, readBytes = READ_BYTES): AsyncGenerator<Buffer> {
  const file = await open(path, 'r');
  try {
    // The pieces of the line whose beginning has not been met, the last piece first.
    let pieces: Buffer[] = [];
    let isLast = true;
    let end = (await file.stat()).size;
    while (end > 0) {
      const start = Math.max(0, end - readBytes);
      let bytes = await read(file, start, end - start);
      for (let at = bytes.lastIndexOf(LF); at !== -1; at = bytes.lastIndexOf(LF)) {
        const line = joined(pieces, bytes.subarray(at + 1));
        if (!isLast || line.length > 0) yield line;
        isLast = false;
        pieces = [];
        bytes = bytes.subarray(0, at);
      }
      pieces.push(bytes);
      end = start;
    }
    const first = joined(pieces);
    if (!isLast || first.length > 0) yield first;
  } finally {
    await file.close();
  }
}

function joined(lastFirst: readonly Buffer[], beginning: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([beginning, ...lastFirst.toReversed()]);
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
