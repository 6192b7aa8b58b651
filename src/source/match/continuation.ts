/**
 * Which tail without a file a file goes on with: the one whose text stands in
 * it up to where it was read. Reading decides, never a name or an inode.
 */
import type { ByteOffset } from '../../model/position.js';
import { isLive, lineagesOfFile } from '../find/rotated-name.js';
import type { Seen, View } from '../find/snapshot.js';
import type { Content } from '../read/content.js';
import { isSameFile, sameContent } from '../read/fingerprint.js';
import type { Opener } from '../read/open-files.js';
import { stampOf, type Tail } from '../read/tail.js';
import type { Tails } from '../read/tail-registry.js';
import { isCopyIn } from './copy.js';

// What has been compared need not be compared again; forgotten all at once when it grows large.
const MAX_TESTED = 100_000;

export class Inheritance {
  readonly #tested = new Set<string>();

  constructor(
    readonly tails: Tails,
    readonly opener: Opener,
  ) {}

  /**
   * A tail that goes on in the file, or how much of the file was read by one that had read more;
   * `unclear` when the file cannot be read now.
   */
  async heirOf(seen: Seen, view: View): Promise<Tail | ByteOffset | 'none' | 'unclear'> {
    const candidates = this.lostTails(seen);
    if (candidates.length === 0) return 'none';
    const heir = await this.opener.use(seen, (content) => this.#firstContinuedBy(content, seen, candidates, view));
    return heir ?? 'unclear';
  }

  /** Lost tails that the file may continue, the furthest read first: by inode whatever its name, or by name whatever its inode. */
  lostTails(seen: Seen): Tail[] {
    const { tails } = this;
    const { source, anyName } = seen.ways[0];
    const { dev, ino, birthtimeMs } = seen.stats;
    const found = new Set(tails.lostBy(ino));
    for (const lineage of lineagesOfFile(seen)) for (const tail of tails.of(lineage)) found.add(tail);
    if (anyName) for (const tail of tails.lost) found.add(tail);
    const ties = (tail: Tail) => (tail.identity.device === dev && tail.identity.birthtimeMs === birthtimeMs ? 1 : 0);
    return [...found]
      .filter((tail) => tail.place.name === 'lost' && tail.source === source && !tail.gone)
      .sort((a, b) => b.offset - a.offset || ties(b) - ties(a));
  }

  async #firstContinuedBy(
    content: Content,
    seen: Seen,
    candidates: readonly Tail[],
    view: View,
  ): Promise<Tail | ByteOffset | 'none'> {
    for (const tail of candidates) {
      const test = `${seen.key} ${stampOf(seen.stats)} ${tail.id} ${tail.offset}`;
      if (tail.offset === 0 && isSameFile(tail.identity, seen.stats)) return tail;
      if (tail.offset === 0 || this.#tested.has(test)) continue;
      if ((await sameContent(content, tail.identity, tail.offset)) !== undefined) {
        if (!(await this.#isCopyOfOwnFile(seen, tail, view))) return tail;
        continue;
      }
      // A copy made just before the last lines were written, and read: nothing in it is new.
      const copied = tail.identity.inode !== seen.stats.ino && !isLive(seen);
      const read = copied ? await tail.lostText?.partOf(content) : undefined;
      if (read) return read;
      if (this.#tested.size >= MAX_TESTED) this.#tested.clear();
      this.#tested.add(test);
    }
    return 'none';
  }

  /** Somebody has copied the file, and it still stands where the tail was reading it. */
  async #isCopyOfOwnFile(seen: Seen, { identity }: Tail, view: View): Promise<boolean> {
    const own = view.files.get(`${identity.device}:${identity.inode}`);
    return own !== undefined && own !== seen && (await isCopyIn(seen, own, this.opener));
  }
}
