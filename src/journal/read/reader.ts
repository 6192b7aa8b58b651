/**
 * Reads the journal in order, from the cursor or a place remembered earlier.
 * Nothing is readable before it is synced. Damage is skipped: salvage.ts reports it.
 */
import { AgentError, reasonOf, systemCode } from '../../lib/errors.js';
import type { Files, OpenFile } from '../../lib/files.js';
import type { Signal } from '../../lib/signal.js';
import type { Segment, Segments } from '../disk/segments.js';
import { decodeEntryBody, decodeEntryHead, ENTRY_HEAD_BYTES, type Seed, type StoredEntry } from '../format/entry.js';
import type { Hole } from '../format/scan.js';
import type { Salvage } from './salvage.js';

/** One read of the disk: several entries of a busy agent, and a copy is never made of them. */
const CHUNK_BYTES = 1024 * 1024;

/** A place between two entries. */
export interface ReadPoint {
  /** The entry before. */
  readonly entry: number;
  /** Where the next one begins, when that is known: it saves going through the segment. */
  readonly place?: { readonly segment: number; readonly offset: number };
}

export interface ReaderDependencies {
  readonly files: Files;
  readonly segments: Segments;
  readonly seed: Seed;
  readonly salvage: Salvage;
  readonly grown: Signal;
  cursor(): number;
  /** A segment's file is not there any more. */
  gone(segment: Segment, cause: unknown): Promise<void>;
}

type Look =
  | { readonly kind: 'entry'; readonly entry: StoredEntry }
  | { readonly kind: 'end' }
  /** The segment that was read is finished, or was removed: go on with this one. */
  | { readonly kind: 'enter'; readonly segment: Segment }
  /** So many bytes have to be read first. */
  | { readonly kind: 'load'; readonly segment: Segment; readonly bytes: number }
  | { readonly kind: 'damaged'; readonly segment: Segment };

export class Reader {
  #entry: number;
  #segment: Segment | undefined;
  #offset = 0;
  #open: { readonly segment: Segment; readonly file: OpenFile } | undefined;
  #chunk: { readonly from: number; readonly bytes: Buffer } = { from: 0, bytes: Buffer.alloc(0) };

  constructor(
    private readonly dependencies: ReaderDependencies,
    { entry, place }: ReadPoint,
  ) {
    this.#entry = entry;
    const segment = place && dependencies.segments.holding(place.segment);
    if (place === undefined || segment?.first !== place.segment) return;
    this.#segment = segment;
    this.#offset = Math.max(place.offset, segment.start);
  }

  /** After the last entry that was given out. */
  get at(): ReadPoint {
    return {
      entry: this.#entry,
      ...(this.#segment && { place: { segment: this.#segment.first, offset: this.#offset } }),
    };
  }

  /**
   * The next entries, `maxBytes` of them at most but at least one; none at the synced end.
   * Rejects with AgentError `journal-unreadable` when the disk refuses: call again later, nothing is skipped.
   */
  async next(maxBytes: number): Promise<StoredEntry[]> {
    const entries: StoredEntry[] = [];
    for (let bytes = 0; bytes < maxBytes; ) {
      const entry = await this.#peek(entries.length === 0);
      if (entry === undefined || (entries.length > 0 && bytes + entry.bytes > maxBytes)) break;
      this.#offset += entry.bytes;
      if (entry.number <= this.#entry) continue;
      this.#entry = entry.number;
      entries.push(entry);
      bytes += entry.bytes;
    }
    return entries;
  }

  /** Resolves when `next` has something to give, or when the signal aborts. */
  async grown(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#hasMore()) await this.dependencies.grown.wait(signal);
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    this.#chunk = { from: 0, bytes: Buffer.alloc(0) };
    await open?.file.close().catch(() => undefined);
  }

  #hasMore(): boolean {
    const { segments } = this.dependencies;
    const segment = this.#segment;
    if (segment === undefined || !segments.has(segment)) return segments.newest !== undefined;
    return this.#offset < segment.end || segments.after(segment) !== undefined;
  }

  /**
   * The entry that comes next. Whatever may fail is done only for the first of a batch: what had been gathered before
   * would be lost with it.
   */
  async #peek(first: boolean): Promise<StoredEntry | undefined> {
    for (;;) {
      const look = this.#look();
      if (look.kind === 'entry') return look.entry;
      if (look.kind === 'end' || !first) return undefined;
      switch (look.kind) {
        case 'enter':
          await this.#enter(look.segment);
          break;
        case 'load':
          await this.#load(look.segment, look.bytes);
          break;
        case 'damaged':
          await this.#pass(look.segment);
          break;
        default:
          throw look satisfies never;
      }
    }
  }

  #look(): Look {
    const { segments, cursor } = this.dependencies;
    const segment = this.#segment;
    if (segment === undefined || !segments.has(segment)) {
      const found = segments.holding(this.#entry + 1);
      return found === undefined ? { kind: 'end' } : { kind: 'enter', segment: found };
    }
    if (this.#offset < segment.end) return this.#lookInto(segment);
    const next = segments.after(segment);
    if (next === undefined) return { kind: 'end' };
    const lacks = this.#entry + 1 < next.first && next.first - 1 > cursor();
    return lacks ? { kind: 'damaged', segment } : { kind: 'enter', segment: next };
  }

  #lookInto(segment: Segment): Look {
    if (segment.holes.size > 0 && this.#holeHere(segment) !== undefined) return { kind: 'damaged', segment };
    const { seed, cursor } = this.dependencies;
    const { from, bytes } = this.#chunk;
    const available = Math.min(from + bytes.length, segment.end);
    if (this.#offset < from || (this.#offset + ENTRY_HEAD_BYTES > available && available < segment.end)) {
      return { kind: 'load', segment, bytes: ENTRY_HEAD_BYTES };
    }
    const head = decodeEntryHead(bytes, this.#offset - from, seed);
    const end = this.#offset + (head?.bytes ?? 0);
    if (head === undefined || end > segment.end || head.bytes < ENTRY_HEAD_BYTES + head.positionBytes) {
      return { kind: 'damaged', segment };
    }
    if (end > available) return { kind: 'load', segment, bytes: head.bytes };
    const entry = decodeEntryBody(bytes, this.#offset - from, head, seed);
    const jumps = head.number > this.#entry + 1 && head.number > cursor() + 1;
    return entry === undefined || jumps ? { kind: 'damaged', segment } : { kind: 'entry', entry };
  }

  async #enter(segment: Segment): Promise<void> {
    const { cursor, salvage } = this.dependencies;
    // The files before it are gone: acknowledged, dropped on purpose, or lost.
    const lost = this.#entry + 1 < segment.first && segment.first - 1 > cursor();
    if (lost) await readable(segment, salvage.tellMissingBefore(segment, Math.max(this.#entry, cursor()) + 1));
    this.#segment = segment;
    this.#offset = segment.start;
    this.#entry = Math.max(this.#entry, segment.first - 1);
    this.#chunk = { from: 0, bytes: Buffer.alloc(0) };
  }

  async #load(segment: Segment, wanted: number): Promise<void> {
    const length = Math.min(Math.max(wanted, CHUNK_BYTES), segment.end - this.#offset);
    try {
      const file = await this.#fileOf(segment);
      const bytes = Buffer.allocUnsafe(length);
      const read = await file.read(bytes, this.#offset);
      // A file that has become shorter reads as zeros, which are damage like any other.
      this.#chunk = { from: this.#offset, bytes: bytes.fill(0, read) };
    } catch (error) {
      const code = systemCode(error);
      if (code === 'ENOENT') await this.dependencies.gone(segment, error);
      else if (code !== 'EIO') throw unreadable(segment, error);
      await this.#pass(segment, error);
    }
  }

  async #fileOf(segment: Segment): Promise<OpenFile> {
    if (this.#open?.segment === segment) return this.#open.file;
    await this.#open?.file.close().catch(() => undefined);
    this.#open = undefined;
    const file = await this.dependencies.files.open(segment.path, 'read');
    this.#open = { segment, file };
    return file;
  }

  /** Steps over the hole here, looking for it when it is not known yet. */
  async #pass(segment: Segment, cause?: unknown): Promise<void> {
    if (this.#holeHere(segment) === undefined) {
      await readable(segment, this.dependencies.salvage.survey(segment));
    }
    const hole = this.#holeHere(segment);
    if (hole === undefined) {
      this.#chunk = { from: 0, bytes: Buffer.alloc(0) };
      throw unreadable(segment, cause);
    }
    this.#offset = Math.max(this.#offset, hole.end);
    this.#entry = Math.max(this.#entry, hole.lastEntry ?? 0);
  }

  #holeHere({ holes }: Segment): Hole | undefined {
    const offset = this.#offset;
    return [...holes.values()].find(
      (hole) =>
        hole.offset <= offset && (hole.end > offset || (hole.end === offset && (hole.lastEntry ?? 0) > this.#entry)),
    );
  }
}

async function readable(segment: Segment, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw unreadable(segment, error);
  }
}

function unreadable({ path }: Segment, cause: unknown): AgentError {
  return new AgentError('journal-unreadable', `cannot read the journal at ${path}: ${reasonOf(cause)}`, {
    hint: 'see to the disk; the agent tries again',
    cause,
  });
}
