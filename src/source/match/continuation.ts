/**
 * Which tail without a file a file goes on with: the one whose text stands in
 * it up to where it was read. Reading decides, never a name or an inode.
 */
import type { ByteOffset } from '../../model/position.js';
import { isLive, lineagesOfFile } from '../find/rotated-name.js';
import type { FileKey, Seen, View } from '../find/snapshot.js';
import type { Content } from '../read/content.js';
import { digest, isSameFile, MARK_BYTES, sameContent } from '../read/fingerprint.js';
import type { Opener } from '../read/open-files.js';
import { stampOf, type Tail } from '../read/tail.js';
import type { Tails } from '../read/tail-registry.js';
import { isCopyIn } from './copy.js';

// What has been compared need not be compared again; forgotten all at once when it grows large.
const MAX_TESTED = 100_000;

/** How a file begins, as it was when it had this stamp. */
interface Beginning {
  readonly stamp: string;
  readonly head: number;
  /** Digests of its first bytes, by how many. */
  readonly digests: Map<number, string>;
}

export class Inheritance {
  readonly #tested = new Set<string>();
  readonly #beginnings = new Map<FileKey, Beginning>();

  constructor(
    readonly tails: Tails,
    readonly opener: Opener,
  ) {}

  /** Forgets what is not there any more. */
  endLook(view: View): void {
    for (const key of this.#beginnings.keys()) if (!view.files.has(key)) this.#beginnings.delete(key);
  }

  /**
   * A tail that goes on in the file, or how much of the file was read by one that had read more;
   * `unclear` when the file cannot be read now.
   */
  async heirOf(seen: Seen, view: View): Promise<Tail | ByteOffset | 'none' | 'unclear'> {
    const belongs = this.#belongsTo(seen);
    if (belongs === undefined) return 'none';
    const known = this.#beginnings.get(seen.key);
    if (known?.stamp === stampOf(seen.stats)) {
      const lengths = [...this.tails.lost.headLengths].filter((length) => length <= known.head);
      const isComplete = lengths.every((length) => known.digests.has(length));
      if (isComplete && this.#candidates(seen, known, belongs).length === 0) return 'none';
    }
    const heir = await this.opener.use(seen, async (content) => {
      const beginning = await this.#beginningOf(content, seen);
      return this.#firstContinuedBy(content, seen, this.#candidates(seen, beginning, belongs), view);
    });
    return heir ?? 'unclear';
  }

  /** What lost tails the file may continue: by inode whatever its name, or by name whatever its inode. `undefined`: none. */
  #belongsTo(seen: Seen): ((tail: Tail) => boolean) | undefined {
    const { lost } = this.tails;
    const { source, anyName } = seen.ways[0];
    if (lost.size === 0) return undefined;
    const lineages = lineagesOfFile(seen);
    const inode = seen.stats.ino;
    if (!anyName && lost.withInode(inode).size === 0 && ![...lineages].some((lineage) => lost.of(lineage).size > 0))
      return undefined;
    return (tail) => {
      if (tail.place.name !== 'lost' || tail.source !== source || tail.gone) return false;
      return anyName === true || tail.identity.inode === inode || lineages.has(tail.lineage);
    };
  }

  async #beginningOf(content: Content, seen: Seen): Promise<Beginning> {
    const stamp = stampOf(await content.stat());
    const head = await content.read(0, MARK_BYTES);
    const lengths = [...this.tails.lost.headLengths].filter((length) => length <= head.length);
    const digests = new Map(lengths.map((length) => [length, digest(head.subarray(0, length))]));
    const beginning = { stamp, head: head.length, digests };
    this.#beginnings.set(seen.key, beginning);
    return beginning;
  }

  /** The furthest read first. */
  #candidates(seen: Seen, { digests }: Beginning, belongs: (tail: Tail) => boolean): Tail[] {
    const { lost } = this.tails;
    const { dev, ino, birthtimeMs } = seen.stats;
    const found = new Set<Tail>(lost.withText);
    for (const tail of lost.withInode(ino)) if (tail.offset === 0) found.add(tail);
    for (const head of digests.values()) for (const tail of lost.beginning(head)) found.add(tail);
    const ties = (tail: Tail) => (tail.identity.device === dev && tail.identity.birthtimeMs === birthtimeMs ? 1 : 0);
    return [...found]
      .filter((tail) => belongs(tail) && !this.#tested.has(testOf(seen, tail)))
      .sort((a, b) => b.offset - a.offset || ties(b) - ties(a));
  }

  async #firstContinuedBy(
    content: Content,
    seen: Seen,
    candidates: readonly Tail[],
    view: View,
  ): Promise<Tail | ByteOffset | 'none'> {
    for (const tail of candidates) {
      if (tail.offset === 0 && isSameFile(tail.identity, seen.stats)) return tail;
      if (tail.offset === 0) continue;
      if ((await sameContent(content, tail.identity, tail.offset)) !== undefined) {
        if (!(await this.#isCopyOfOwnFile(seen, tail, view))) return tail;
        continue;
      }
      // A copy made just before the last lines were written, and read: nothing in it is new.
      const copied = tail.identity.inode !== seen.stats.ino && !isLive(seen);
      const read = copied ? await tail.lostText?.partOf(content) : undefined;
      if (read) return read;
      if (this.#tested.size >= MAX_TESTED) this.#tested.clear();
      this.#tested.add(testOf(seen, tail));
    }
    return 'none';
  }

  /** Somebody has copied the file, and it still stands where the tail was reading it. */
  async #isCopyOfOwnFile(seen: Seen, { identity }: Tail, view: View): Promise<boolean> {
    const own = view.files.get(`${identity.device}:${identity.inode}`);
    return own !== undefined && own !== seen && (await isCopyIn(seen, own, this.opener));
  }
}

function testOf(seen: Seen, { id, offset }: Tail): string {
  return `${seen.key} ${stampOf(seen.stats)} ${id} ${offset}`;
}
