/** The text of one open file: bytes by offset in the uncompressed text, plain and compressed files alike. */
import type { Stats } from 'node:fs';

export interface Content {
  readonly compressed: boolean;
  /** The bytes from `offset` in a Buffer of their own, fewer than `length` only at the end of the text. */
  read(offset: number, length: number): Promise<Buffer>;
  /** Of the file as it lies on disk. */
  stat(): Promise<Stats>;
  /** Why the text ends before its end, met so far. */
  readonly damage: string | undefined;
  /** Whether all of the text can be read: false while a compressed file is still being written. */
  complete(): Promise<boolean>;
  close(): Promise<void>;
}
