/**
 * All tails, by what they are looked up by; and whose turn it is. Between
 * logs the turn goes round, so that one that floods starves no other; within
 * one log the oldest generation comes first, so that lines keep their order.
 * Logs with something to read come before those of which the journal only is to
 * learn a path or a position.
 */
import type { Position, TailId } from '../../model/position.js';
import { isLiveName, lineagesOf, lineagesOfFile } from '../find/rotated-name.js';
import type { FileKey, FoundFile } from '../find/snapshot.js';
import { MARK_BYTES } from './fingerprint.js';
import type { Lost, Tail } from './tail.js';

const TURNS_A_TELLER = 8;

export class Tails {
  readonly #byId = new Map<TailId, Tail>();
  readonly #byKey = new Map<FileKey, Tail>();
  readonly #byPath = new Map<string, Tail>();
  readonly #byLineage = new Map<string, Set<Tail>>();
  readonly #lost = new LostTails();
  /** Lineages with something to read, the next one first. */
  readonly #toRead = new Set<string>();
  /** Those that only have something to tell the journal. */
  readonly #toTell = new Set<string>();
  #turns = 0;
  readonly #waiting = new Map<string, Waiting>();
  #nextAge = 1;

  get size(): number {
    return this.#byId.size;
  }

  get all(): IterableIterator<Tail> {
    return this.#byId.values();
  }

  get lineages(): ReadonlyMap<string, ReadonlySet<Tail>> {
    return this.#byLineage;
  }

  /** Ages count up: a greater one is younger. */
  nextAge(): number {
    return this.#nextAge++;
  }

  byId(id: TailId): Tail | undefined {
    return this.#byId.get(id);
  }

  byKey(key: FileKey): Tail | undefined {
    return this.#byKey.get(key);
  }

  byPath(path: string): Tail | undefined {
    return this.#byPath.get(path);
  }

  of(lineage: string): ReadonlySet<Tail> {
    return this.#byLineage.get(lineage) ?? new Set();
  }

  /** Tails without a file. */
  get lost(): LostTails {
    return this.#lost;
  }

  add(tail: Tail): void {
    this.#byId.set(tail.id, tail);
    this.#joinLineage(tail, tail.lineage);
    if (tail.place.name === 'lost') this.#lost.add(tail);
    else this.#byKey.set(tail.place.key, tail);
    if (tail.place.name === 'placed') this.#byPath.set(tail.path, tail);
  }

  remove(tail: Tail): void {
    this.#unindex(tail);
    this.#byId.delete(tail.id);
    this.#leaveLineage(tail);
  }

  /** The file has been seen to be the tail's, or its text to continue it. */
  place(tail: Tail, file: FoundFile): void {
    this.#unindex(tail);
    const path = file.names.find((name) => name.path === tail.path)?.path ?? file.names[0].path;
    tail.settle(file, path);
    this.#rename(tail, file);
    this.#byKey.set(file.key, tail);
    this.#byPath.set(tail.path, tail);
    this.wake(tail);
  }

  /** The file has been seen again, and has changed; `isText`: to what is not another text. One that is written to only grows. */
  sight(tail: Tail, stats: FoundFile['stats'], isText = isLiveName(tail.path)): void {
    tail.sight(stats, isText);
    this.wake(tail);
  }

  unlink(tail: Tail, stats: FoundFile['stats'], nowMs: number): void {
    if (tail.place.name !== 'placed') return;
    const { key } = tail.place;
    if (this.#byPath.get(tail.path) === tail) this.#byPath.delete(tail.path);
    tail.unlink(key, stats, nowMs);
    this.wake(tail);
  }

  /** The tail's file is open; whether it still lies somewhere the next look will show. */
  hold(tail: Tail, stats: FoundFile['stats'], nowMs: number): void {
    this.#unindex(tail);
    const key = `${stats.dev}:${stats.ino}`;
    tail.unlink(key, stats, nowMs);
    this.#byKey.set(key, tail);
    this.wake(tail);
  }

  lose(tail: Tail, loss: Pick<Lost, 'reason' | 'size' | 'doubtful'>, nowMs: number): void {
    this.#unindex(tail);
    tail.lose(loss, nowMs);
    this.#lost.add(tail);
  }

  /** Back to what the journal knows; `position`: undefined when it knows nothing of this tail. */
  rewind(tail: Tail, position: Position | undefined, nowMs: number): void {
    const isLost = tail.place.name === 'lost';
    if (isLost) this.#lost.delete(tail);
    tail.rewind(position, nowMs);
    if (isLost) this.#lost.add(tail);
    else this.wake(tail);
  }

  /** Something of the tail may be handed out. */
  wake(tail: Tail): void {
    tail.wake();
    this.announce(tail);
  }

  /** There is a new path, or an end, to be handed out. */
  announce(tail: Tail): void {
    (tail.ready ? this.#toRead : this.#toTell).add(tail.lineage);
    const waiting = this.#waiting.get(tail.lineage) ?? new Waiting();
    this.#waiting.set(tail.lineage, waiting);
    waiting.add(tail);
  }

  /** The next tail that has something, by turns; it goes to the back of the queue. */
  next(): Tail | undefined {
    for (;;) {
      const [lineage] = this.#isTellersTurn() ? this.#toTell : this.#toRead;
      if (lineage === undefined) return undefined;
      this.#toRead.delete(lineage);
      this.#toTell.delete(lineage);
      const waiting = this.#waiting.get(lineage);
      const has = (tail: Tail) => tail.lineage === lineage && this.#byId.get(tail.id) === tail;
      const oldest = waiting?.oldest((tail) => has(tail) && (tail.ready || tail.moved || tail.gone));
      if (oldest !== undefined) {
        (oldest.ready ? this.#toRead : this.#toTell).add(lineage);
        return oldest;
      }
      this.#waiting.delete(lineage);
    }
  }

  #isTellersTurn(): boolean {
    if (this.#toTell.size === 0 || this.#toRead.size === 0) return this.#toRead.size === 0;
    this.#turns += 1;
    return this.#turns % TURNS_A_TELLER === 0;
  }

  /** A log that somebody has renamed into another log is a generation of that one from now on. */
  #rename(tail: Tail, file: FoundFile): void {
    const name = file.names.find(({ path }) => path === tail.path);
    const written = name?.real ?? tail.path;
    if (name?.anyName || !isLiveName(written) || lineagesOfFile(file).has(tail.lineage)) return;
    this.#leaveLineage(tail);
    this.#joinLineage(tail, lineagesOf(written)[0]);
    this.announce(tail);
  }

  #joinLineage(tail: Tail, lineage: string): void {
    tail.join(lineage);
    this.#byLineage.set(lineage, (this.#byLineage.get(lineage) ?? new Set()).add(tail));
  }

  #leaveLineage(tail: Tail): void {
    const generations = this.#byLineage.get(tail.lineage);
    generations?.delete(tail);
    if (generations?.size === 0) this.#byLineage.delete(tail.lineage);
  }

  #unindex(tail: Tail): void {
    if (tail.place.name === 'lost') {
      this.#lost.delete(tail);
      return;
    }
    if (this.#byKey.get(tail.place.key) === tail) this.#byKey.delete(tail.place.key);
    if (this.#byPath.get(tail.path) === tail) this.#byPath.delete(tail.path);
  }
}

/** Tails of one lineage that may have something to hand out. */
class Waiting {
  readonly #tails = new Set<Tail>();
  /** Oldest first; `undefined` when it has to be sorted again. */
  #sorted: Tail[] | undefined = [];

  add(tail: Tail): void {
    if (this.#tails.has(tail)) return;
    this.#tails.add(tail);
    if (this.#sorted !== undefined && (this.#sorted.at(-1)?.age ?? 0) < tail.age) this.#sorted.push(tail);
    else this.#sorted = undefined;
  }

  /** The oldest for which `has` holds; those before it wait no longer. */
  oldest(has: (tail: Tail) => boolean): Tail | undefined {
    this.#sorted ??= [...this.#tails].sort((a, b) => a.age - b.age);
    let at = 0;
    while (at < this.#sorted.length && !has(this.#sorted[at]!)) this.#tails.delete(this.#sorted[at++]!);
    if (at > 0) this.#sorted.splice(0, at);
    return this.#sorted[0];
  }
}

/** How a lost tail was indexed; its text cannot change while it is lost. */
interface LostKey {
  readonly inode: number;
  readonly lineage: string;
  readonly length: number;
  readonly head: string;
}

// What is remembered of a text, to know a shorter copy by, takes up to 70 KiB.
const MAX_LOST_TEXTS = 256;

/** Tails without a file, by what a file that goes on with one may be known by: its inode, how it begins, its name. */
export class LostTails {
  readonly #keys = new Map<Tail, LostKey>();
  readonly #byInode = new Map<number, Set<Tail>>();
  readonly #byLineage = new Map<string, Set<Tail>>();
  readonly #byHead = new Map<string, Set<Tail>>();
  /** How many tails are known by the digest of so many first bytes. */
  readonly #lengths = new Map<number, number>();
  readonly #withText = new Set<Tail>();
  /** The last one was lost last. */
  #recent: Tail[] = [];

  [Symbol.iterator](): IterableIterator<Tail> {
    return this.#keys.keys();
  }

  get size(): number {
    return this.#keys.size;
  }

  add(tail: Tail): void {
    const { identity, lineage, offset } = tail;
    const key = { inode: identity.inode, lineage, length: Math.min(MARK_BYTES, offset), head: identity.head };
    this.#keys.set(tail, key);
    this.#recent.push(tail);
    put(this.#byInode, key.inode, tail);
    put(this.#byLineage, lineage, tail);
    if (key.length > 0) {
      put(this.#byHead, key.head, tail);
      this.#lengths.set(key.length, (this.#lengths.get(key.length) ?? 0) + 1);
    }
    if (tail.lostText === undefined) return;
    this.#withText.add(tail);
    const [oldest] = this.#withText;
    if (this.#withText.size <= MAX_LOST_TEXTS || oldest === undefined) return;
    this.#withText.delete(oldest);
    oldest.forgetText();
  }

  delete(tail: Tail): void {
    const key = this.#keys.get(tail);
    if (key === undefined) return;
    this.#keys.delete(tail);
    this.#withText.delete(tail);
    take(this.#byInode, key.inode, tail);
    take(this.#byLineage, key.lineage, tail);
    if (key.length === 0) return;
    take(this.#byHead, key.head, tail);
    const left = this.#lengths.get(key.length)! - 1;
    if (left === 0) this.#lengths.delete(key.length);
    else this.#lengths.set(key.length, left);
  }

  /** Those that were lost at this time or later; asked of later and later times. */
  since(ms: number): readonly Tail[] {
    const isSince = (tail: Tail) => tail.place.name === 'lost' && tail.place.sinceMs >= ms && this.#keys.has(tail);
    if (this.#recent.some((tail) => !isSince(tail))) this.#recent = this.#recent.filter(isSince);
    return this.#recent;
  }

  withInode(inode: number): ReadonlySet<Tail> {
    return this.#byInode.get(inode) ?? NONE;
  }

  of(lineage: string): ReadonlySet<Tail> {
    return this.#byLineage.get(lineage) ?? NONE;
  }

  /** Those of which a shorter copy can be known. */
  get withText(): ReadonlySet<Tail> {
    return this.#withText;
  }

  /** How many first bytes the lost tails are known by. */
  get headLengths(): Iterable<number> {
    return this.#lengths.keys();
  }

  /** Those whose first bytes have this digest. */
  beginning(head: string): ReadonlySet<Tail> {
    return this.#byHead.get(head) ?? NONE;
  }
}

const NONE: ReadonlySet<Tail> = new Set();

function put<K>(index: Map<K, Set<Tail>>, key: K, tail: Tail): void {
  index.set(key, (index.get(key) ?? new Set()).add(tail));
}

function take<K>(index: Map<K, Set<Tail>>, key: K, tail: Tail): void {
  const same = index.get(key);
  same?.delete(tail);
  if (same?.size === 0) index.delete(key);
}
