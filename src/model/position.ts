/**
 * Where reading stands in one file identity. The journal keeps one position for
 * every tail; it is the only memory of what has been read.
 */

/** A random 64-bit id in 16 hex digits, made when a file is first seen. Rename keeps it, truncation makes a new one. */
export type TailId = string;

/** Bytes from the start of the uncompressed file. */
export type ByteOffset = number;

/** What tells one file from another, and one content from another, at a certain offset. */
export interface FileIdentity {
  readonly inode: number;
  /** Device and birth time only break ties: both change under a file that is still the same. */
  readonly device: number;
  readonly birthtimeMs: number;
  /** When the file was last modified, as last seen: what is younger beside it had not been seen then. */
  readonly mtimeMs?: number;
  /** SHA-256 (hex) of the first min(4 KiB, offset) bytes; empty at offset 0. */
  readonly head: string;
  /** SHA-256 (hex) of the last min(4 KiB, offset) bytes before the offset; empty at offset 0. */
  readonly last: string;
}

/** Set while the position stands inside a line: some of it has gone out in parts already. */
export interface InsideLine {
  /** Offset of the line's first byte. */
  readonly start: ByteOffset;
  /** How many parts of the line have been taken so far, at least 1. */
  readonly parts: number;
}

/**
 * What the lines so far say of the hour that the clock goes through twice in
 * autumn: once a wall time goes back inside it, later lines mean the second pass.
 */
export interface DoubledHour {
  /** The latest wall time seen in that hour, `YYYY-MM-DDTHH:MM:SS`. */
  readonly latest: string;
  readonly secondPass: boolean;
}

/** What a file's lines say of the lines after them. */
export interface LineMemory {
  readonly doubledHour?: DoubledHour | undefined;
  /** Names of a table's columns, from the heading above its rows. */
  readonly columns?: readonly string[] | undefined;
}

/** File identity + byte offset of the next unread byte. */
export interface Position extends LineMemory {
  readonly tailId: TailId;
  /** Name of the configured source. */
  readonly source: string;
  /** The path under which the file was last seen. */
  readonly path: string;
  readonly offset: ByteOffset;
  readonly identity: FileIdentity;
  readonly insideLine?: InsideLine;
  /** The file is out of sight, and what became of its rest is known: it was read, or told as missing. */
  readonly ended?: true;
  /** The file is gone and read to its end: the tail is forgotten with this entry. */
  readonly gone?: true;
}
