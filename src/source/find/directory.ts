/**
 * Lists directories, and again only when a directory's modification time has
 * changed, or may have changed without a trace. A directory that cannot be
 * listed is never taken for an empty one.
 */
import { systemCode } from '../../lib/errors.js';
import type { EntryKind, FileStats, Files } from '../../lib/files.js';

export interface Listing {
  /** Device, inode and birth time: the same by whatever link it is reached, another for a directory made later. */
  readonly key: string;
  readonly device: number;
  readonly stats: FileStats;
  /** Sorted by name. */
  readonly kinds: ReadonlyMap<string, EntryKind>;
}

export type ListResult =
  | { readonly state: 'listed'; readonly listing: Listing }
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly code: string };

// Times on disk move in steps (4 ms on ext4, 2 s elsewhere): a directory that
// changed this recently may change again and keep its time.
const TIME_STEP_MS = 2500;
// Network file systems cache these times, so everything is listed now and then.
const LISTING_TRUSTED_MS = 60_000;

interface Kept {
  readonly listing: Listing;
  readonly mtimeMs: number;
  readonly settled: boolean;
  readonly listedAtMs: number;
}

export class Directories {
  readonly #kept = new Map<string, Kept>();
  /** What was asked in this scan. */
  #scan = new Map<string, Promise<ListResult>>();

  constructor(private readonly files: Pick<Files, 'list' | 'stat'>) {}

  /** Within one scan each directory is asked once. */
  newScan(): void {
    for (const path of this.#kept.keys()) if (!this.#scan.has(path)) this.#kept.delete(path);
    this.#scan = new Map();
  }

  list(path: string, nowMs: number): Promise<ListResult> {
    const known = this.#scan.get(path);
    if (known !== undefined) return known;
    const result = this.#list(path, nowMs);
    this.#scan.set(path, result);
    return result;
  }

  /** Whether no directory that the last scan has listed has changed since, as far as its times tell. */
  async areAsListed(signal: AbortSignal): Promise<boolean> {
    for (const [path, kept] of this.#kept) {
      const stats = signal.aborted ? undefined : await this.files.stat(path).catch(() => undefined);
      if (stats === undefined || !isAsListed(kept, stats)) return false;
    }
    return true;
  }

  async #list(path: string, nowMs: number): Promise<ListResult> {
    try {
      const stats = await this.files.stat(path);
      const { mtimeMs, dev } = stats;
      const key = keyOf(stats);
      const kept = this.#kept.get(path);
      if (kept !== undefined && isAsListed(kept, stats)) {
        if (nowMs - kept.listedAtMs < LISTING_TRUSTED_MS)
          return { state: 'listed', listing: { ...kept.listing, stats } };
      }
      const entries = await this.files.list(path);
      entries.sort((a, b) => (a.name < b.name ? -1 : 1));
      const kinds = new Map(entries.map(({ name, kind }) => [name, kind]));
      const listing: Listing = { key, device: dev, stats, kinds };
      const settled = Math.abs(nowMs - mtimeMs) > TIME_STEP_MS;
      this.#kept.set(path, { listing, mtimeMs, settled, listedAtMs: nowMs });
      return { state: 'listed', listing };
    } catch (error) {
      const code = systemCode(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'absent' };
      return { state: 'unreadable', code };
    }
  }
}

function isAsListed({ settled, mtimeMs, listing }: Kept, stats: FileStats): boolean {
  return settled && mtimeMs === stats.mtimeMs && listing.key === keyOf(stats);
}

function keyOf({ dev, ino, birthtimeMs }: FileStats): string {
  return `${dev}:${ino}:${birthtimeMs}`;
}
