/**
 * How far reading is behind each source: in bytes, as the files say; in lines,
 * by how long its lines have been so far; and since when the oldest unread
 * byte has been there, as it was seen by looks a few seconds apart.
 */
import type { FileState } from '../source/sources.js';

export interface SourceState {
  readonly name: string;
  readonly files: number;
  /** Files that match and cannot be read. */
  readonly unreadable: number;
  readonly lagBytes: number;
  /** An estimate; `undefined` as long as no line of the source has been read. */
  readonly lagLines: number | undefined;
  /** Age of the oldest unread byte; 0 when all is read. */
  readonly lagMs: number;
}

/** Of one file: how much of it was there when, oldest first, without what has been read. */
interface Sight {
  readonly endBytes: number;
  readonly atMs: number;
}

const SIGHTS = 64;

export class Lag {
  readonly #read = new Map<string, { bytes: number; lines: number }>();
  #sights = new Map<string, readonly Sight[]>();

  /** So many bytes of a source were read, and made so many messages. */
  took(source: string, bytes: number, lines: number): void {
    const read = this.#read.get(source) ?? { bytes: 0, lines: 0 };
    read.bytes += bytes;
    read.lines += lines;
    this.#read.set(source, read);
  }

  /** Looks at what there is now. */
  look(files: readonly FileState[], atMs: number): void {
    const sights = new Map<string, readonly Sight[]>();
    for (const { tailId, offset, lagBytes = 0 } of files) {
      if (tailId === undefined || lagBytes === 0) continue;
      const unread = (this.#sights.get(tailId) ?? []).filter(({ endBytes }) => endBytes > offset);
      const endBytes = offset + lagBytes;
      const grown = endBytes > (unread.at(-1)?.endBytes ?? 0) ? [...unread, { endBytes, atMs }] : unread;
      sights.set(tailId, grown.length > SIGHTS ? grown.filter((_, index) => index % 2 === 0) : grown);
    }
    this.#sights = sights;
  }

  /** One for each name, in this order, also for a source without files. */
  states(names: readonly string[], files: readonly FileState[], nowMs: number): SourceState[] {
    return names.map((name) => {
      const own = files.filter(({ source }) => source === name);
      const lagBytes = own.reduce((sum, file) => sum + (file.lagBytes ?? 0), 0);
      return {
        name,
        files: own.filter(({ code }) => code === undefined).length,
        unreadable: own.filter(({ code }) => code !== undefined).length,
        lagBytes,
        lagLines: this.#linesIn(name, lagBytes),
        lagMs: Math.max(0, ...own.map((file) => this.#ageOf(file, nowMs))),
      };
    });
  }

  #linesIn(source: string, bytes: number): number | undefined {
    if (bytes === 0) return 0;
    const read = this.#read.get(source);
    return read === undefined || read.lines === 0 ? undefined : Math.ceil((bytes * read.lines) / read.bytes);
  }

  #ageOf({ tailId, offset, lagBytes = 0 }: FileState, nowMs: number): number {
    if (tailId === undefined || lagBytes === 0) return 0;
    const oldest = this.#sights.get(tailId)?.find(({ endBytes }) => endBytes > offset);
    return oldest === undefined ? 0 : Math.round(nowMs - oldest.atMs);
  }
}
