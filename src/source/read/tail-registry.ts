/**
 * All tails, by what they are looked up by; and whose turn it is. Between
 * logs the turn goes round, so that one that floods starves no other; within
 * one log the oldest generation comes first, so that lines keep their order.
 */
import type { TailId } from '../../model/position.js';
import { isLiveName, lineagesOf, lineagesOfFile } from '../find/rotated-name.js';
import type { FileKey, Seen } from '../find/snapshot.js';
import type { LossReason } from '../types.js';
import { stampOf, type Tail } from './tail.js';

export class Tails {
  readonly #byId = new Map<TailId, Tail>();
  readonly #byKey = new Map<FileKey, Tail>();
  readonly #byPath = new Map<string, Tail>();
  readonly #byLineage = new Map<string, Set<Tail>>();
  readonly #lostByInode = new Map<number, Set<Tail>>();
  /** Lineages with something to hand out, the next one first. */
  readonly #turns = new Set<string>();
  #nextAge = 1;

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

  /** Tails without a file whose last file had this inode. */
  lostBy(inode: number): ReadonlySet<Tail> {
    return this.#lostByInode.get(inode) ?? new Set();
  }

  get lost(): Tail[] {
    return [...this.#lostByInode.values()].flatMap((tails) => [...tails]);
  }

  add(tail: Tail): void {
    this.#byId.set(tail.id, tail);
    this.#joinLineage(tail, tail.lineage);
    if (tail.place.name === 'lost') this.#indexLost(tail);
    else this.#byKey.set(tail.place.key, tail);
    if (tail.place.name === 'placed') this.#byPath.set(tail.path, tail);
  }

  remove(tail: Tail): void {
    this.#unindex(tail);
    this.#byId.delete(tail.id);
    this.#leaveLineage(tail);
  }

  /** The file has been seen to be the tail's, or its text to continue it. */
  place(tail: Tail, seen: Seen): void {
    this.#unindex(tail);
    const path = seen.ways.find((way) => way.path === tail.path)?.path ?? seen.ways[0].path;
    tail.settle(seen, path);
    this.#rename(tail, seen);
    this.#byKey.set(seen.key, tail);
    this.#byPath.set(tail.path, tail);
    this.wake(tail);
  }

  /** The file has been seen again, and has changed. */
  sight(tail: Tail, stats: Seen['stats']): void {
    tail.sight(stats);
    this.wake(tail);
  }

  unlink(tail: Tail, stats: Seen['stats'], nowMs: number): void {
    if (tail.place.name !== 'placed') return;
    const { key } = tail.place;
    if (this.#byPath.get(tail.path) === tail) this.#byPath.delete(tail.path);
    tail.place = { name: 'unlinked', key, size: stats.size, stamp: stampOf(stats), sinceMs: nowMs };
    this.wake(tail);
  }

  /** The tail's file is open; whether it still lies somewhere the next look will show. */
  hold(tail: Tail, stats: Seen['stats'], nowMs: number): void {
    this.#unindex(tail);
    const key = `${stats.dev}:${stats.ino}`;
    tail.place = { name: 'unlinked', key, size: stats.size, stamp: stampOf(stats), sinceMs: nowMs };
    this.#byKey.set(key, tail);
    this.wake(tail);
  }

  /** `size`: how long the text is known to have been; `doubtful`: whether text may be missing if that is unknown. */
  lose(tail: Tail, reason: LossReason, size: number | undefined, doubtful: boolean, nowMs: number): void {
    this.#unindex(tail);
    tail.ready = false;
    tail.partial = undefined;
    tail.place = { name: 'lost', sinceMs: nowMs, reason, size, doubtful, told: false };
    this.#indexLost(tail);
  }

  /** Something of the tail may be handed out. */
  wake(tail: Tail): void {
    tail.ready = true;
    tail.wakes++;
    this.#turns.add(tail.lineage);
  }

  /** There is a new path, or an end, to be handed out. */
  announce(tail: Tail): void {
    this.#turns.add(tail.lineage);
  }

  /** The next tail that has something, by turns; it goes to the back of the queue. */
  next(): Tail | undefined {
    for (const lineage of this.#turns) {
      this.#turns.delete(lineage);
      let oldest: Tail | undefined;
      for (const tail of this.of(lineage)) {
        if (!(tail.ready || tail.moved || tail.gone)) continue;
        if (oldest === undefined || tail.age < oldest.age) oldest = tail;
      }
      if (oldest === undefined) continue;
      this.#turns.add(lineage);
      return oldest;
    }
    return undefined;
  }

  /** A log that somebody has renamed into another log is a generation of that one from now on. */
  #rename(tail: Tail, seen: Seen): void {
    const way = seen.ways.find(({ path }) => path === tail.path);
    const written = way?.real ?? tail.path;
    if (way?.anyName || !isLiveName(written) || lineagesOfFile(seen).has(tail.lineage)) return;
    this.#leaveLineage(tail);
    this.#joinLineage(tail, lineagesOf(written)[0]);
  }

  #joinLineage(tail: Tail, lineage: string): void {
    tail.lineage = lineage;
    this.#byLineage.set(lineage, (this.#byLineage.get(lineage) ?? new Set()).add(tail));
  }

  #leaveLineage(tail: Tail): void {
    const generations = this.#byLineage.get(tail.lineage);
    generations?.delete(tail);
    if (generations?.size === 0) this.#byLineage.delete(tail.lineage);
  }

  #indexLost(tail: Tail): void {
    const { inode } = tail.identity;
    this.#lostByInode.set(inode, (this.#lostByInode.get(inode) ?? new Set()).add(tail));
  }

  #unindex(tail: Tail): void {
    if (tail.place.name === 'lost') {
      const same = this.#lostByInode.get(tail.identity.inode);
      same?.delete(tail);
      if (same?.size === 0) this.#lostByInode.delete(tail.identity.inode);
      return;
    }
    if (this.#byKey.get(tail.place.key) === tail) this.#byKey.delete(tail.place.key);
    if (this.#byPath.get(tail.path) === tail) this.#byPath.delete(tail.path);
  }
}
