/**
 * What lies in a directory, listed again only when its modification time moved
 * (or might have moved unseen). A directory that cannot be listed is never
 * taken for an empty one.
 */
import { systemCode } from '../../lib/errors.js';
import type { EntryKind, Files } from '../../lib/files.js';

export interface Listing {
  /** Device, inode and birth, to meet a directory once however many links lead to it, and to know it from a later one. */
  readonly key: string;
  readonly device: number;
  /** Sorted by name. */
  readonly kinds: ReadonlyMap<string, EntryKind>;
}

export type Look =
  | { readonly state: 'listed'; readonly listing: Listing }
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly code: string };

// File systems stamp in ticks (4 ms on ext4, 2 s on some): a directory that
// changed this recently may change again without a new stamp.
const STAMP_GRAIN_MS = 2500;
// Network file systems cache stamps: list everything now and then.
const TRUST_LISTING_MS = 60_000;

interface Kept {
  readonly listing: Listing;
  readonly mtimeMs: number;
  readonly settled: boolean;
  readonly listedAtMs: number;
}

export class Directories {
  readonly #kept = new Map<string, Kept>();
  #round = new Map<string, Promise<Look>>();

  constructor(private readonly files: Pick<Files, 'list' | 'stat'>) {}

  /** Within one round a directory is looked at once. */
  newRound(): void {
    for (const path of this.#kept.keys()) if (!this.#round.has(path)) this.#kept.delete(path);
    this.#round = new Map();
  }

  look(path: string, nowMs: number): Promise<Look> {
    const known = this.#round.get(path);
    if (known !== undefined) return known;
    const look = this.#look(path, nowMs);
    this.#round.set(path, look);
    return look;
  }

  async #look(path: string, nowMs: number): Promise<Look> {
    try {
      const { mtimeMs, birthtimeMs, dev, ino } = await this.files.stat(path);
      const key = `${dev}:${ino}:${birthtimeMs}`;
      const kept = this.#kept.get(path);
      if (kept?.settled && kept.mtimeMs === mtimeMs && kept.listing.key === key) {
        if (nowMs - kept.listedAtMs < TRUST_LISTING_MS) return { state: 'listed', listing: kept.listing };
      }
      const entries = await this.files.list(path);
      entries.sort((a, b) => (a.name < b.name ? -1 : 1));
      const kinds = new Map(entries.map(({ name, kind }) => [name, kind]));
      const listing: Listing = { key, device: dev, kinds };
      const settled = Math.abs(nowMs - mtimeMs) > STAMP_GRAIN_MS;
      this.#kept.set(path, { listing, mtimeMs, settled, listedAtMs: nowMs });
      return { state: 'listed', listing };
    } catch (error) {
      const code = systemCode(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'absent' };
      return { state: 'unreadable', code };
    }
  }
}
