/** Reads a file whose path somebody has given, also a pipe or a device, but never more than it may hold. */
import { open } from 'node:fs/promises';

const FIRST_BYTES = 64 * 1024;

/** From its beginning to its end; `undefined` when it is longer than `mostBytes`. Rejects with the system's error. */
export async function readUpTo(path: string, mostBytes: number): Promise<Buffer | undefined> {
  const handle = await open(path);
  try {
    let bytes = Buffer.alloc(Math.min(FIRST_BYTES, mostBytes + 1));
    for (let length = 0; ; ) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null);
      length += bytesRead;
      if (bytesRead === 0) return bytes.subarray(0, length);
      if (length > mostBytes) return undefined;
      if (length === bytes.length) {
        bytes = Buffer.concat([bytes], Math.min(2 * length, mostBytes + 1));
      }
    }
  } finally {
    await handle.close();
  }
}
