/**
 * Finds the followed files whose text may be that of another file so far, by
 * how the texts begin. Two texts of which one is the beginning of the other
 * stand beside each other when all are sorted, so that a file among ten
 * thousand is compared with the few that begin like it, not with all.
 */
import { basename } from 'node:path';
import { isLiveName } from '../find/rotated-name.js';
import { digest, MARK_BYTES } from '../read/fingerprint.js';
import type { Tail } from '../read/tail.js';

// Of a text that is longer than a mark this much is kept for sorting; a digest stands for the rest.
const KEPT_BYTES = 256;

interface Entry {
  readonly tail: Tail;
  readonly group: Group;
  /** What the head was read of. */
  readonly key: string;
  readonly stamp: string;
  /** All of a short text, or the first bytes of a long one. */
  readonly text: string;
  /** Of the first 4 KiB, when there are as many. */
  readonly digest: string | undefined;
}

/** Tails of one source whose logs have one name, wherever they lie. */
class Group {
  readonly sorted: Entry[] = [];
  readonly byDigest = new Map<string, Set<Entry>>();
  /** Tails whose text could not be looked at. */
  readonly unknown = new Set<Tail>();

  add(entry: Entry): void {
    this.sorted.splice(this.#after(entry.text), 0, entry);
    if (entry.digest === undefined) return;
    const same = this.byDigest.get(entry.digest) ?? new Set();
    this.byDigest.set(entry.digest, same.add(entry));
  }

  remove(entry: Entry): void {
    let at = this.#after(entry.text) - 1;
    while (this.sorted[at] !== entry && this.sorted[at]?.text === entry.text) at--;
    if (this.sorted[at] === entry) this.sorted.splice(at, 1);
    if (entry.digest === undefined) return;
    const same = this.byDigest.get(entry.digest);
    same?.delete(entry);
    if (same?.size === 0) this.byDigest.delete(entry.digest);
  }

  /** Entries whose text may begin with `head`, or begin it. */
  like(head: Buffer): Set<Entry> {
    const text = head.toString('latin1');
    const isLong = head.length === MARK_BYTES;
    const found = new Set(isLong ? this.byDigest.get(digest(head)) : []);
    for (const entry of this.#beginningOf(text)) if (!isLong || entry.digest === undefined) found.add(entry);
    for (let at = this.#after(text); this.sorted[at]?.text.startsWith(text); at++) found.add(this.sorted[at]!);
    return found;
  }

  /** Entries whose kept text begins this one, or is it: each step goes to a shorter one. */
  *#beginningOf(text: string): Generator<Entry> {
    let at = this.#after(text) - 1;
    while (at >= 0) {
      const entry = this.sorted[at]!;
      const common = commonLength(entry.text, text);
      if (common === entry.text.length) {
        yield entry;
        at--;
      } else at = this.#after(text.slice(0, common)) - 1;
    }
  }

  /** Where a text would be inserted behind all that are not greater. */
  #after(text: string): number {
    let [low, high] = [0, this.sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sorted[middle]!.text <= text) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export class Beginnings {
  readonly #entries = new Map<Tail, Entry>();
  readonly #groups = new Map<string, Group>();

  /** The tails among these whose text has to be looked at (again) before `like` can find them. */
  outdated(tails: Iterable<Tail>): Tail[] {
    for (const tail of [...this.#entries.keys()]) if (tail.place.name === 'lost') this.#drop(tail);
    for (const group of this.#groups.values()) group.unknown.clear();
    const outdated: Tail[] = [];
    for (const tail of tails) {
      const { place } = tail;
      if (place.name === 'lost') continue;
      const entry = this.#entries.get(tail);
      const isSame = entry !== undefined && entry.key === place.key && entry.group === this.#groupOf(tail);
      // A text that has 4 KiB can only grow; that it is another one now is found when it is read.
      if (!isSame || (entry.digest === undefined && entry.stamp !== place.stamp)) outdated.push(tail);
    }
    return outdated;
  }

  /** `head`: the first 4 KiB of the tail's file, or all of it; `undefined`: it cannot be looked at. */
  note(tail: Tail, head: Buffer | undefined): void {
    this.#drop(tail);
    const { place } = tail;
    if (place.name === 'lost') return;
    const group = this.#groupOf(tail);
    if (head === undefined) {
      group.unknown.add(tail);
      return;
    }
    const isLong = head.length === MARK_BYTES;
    const text = head.toString('latin1', 0, isLong ? KEPT_BYTES : head.length);
    const { key, stamp } = place;
    const entry: Entry = { tail, group, key, stamp, text, digest: isLong ? digest(head) : undefined };
    this.#entries.set(tail, entry);
    // An empty file begins like every other. Only one that is written to can have become a longer one since.
    if (text !== '' || place.name === 'unlinked' || isLiveName(tail.path)) group.add(entry);
  }

  /** Tails of a log with this name whose text may begin like `head`, the oldest first. */
  like(head: Buffer, source: string, logs: Iterable<string>): Tail[] {
    const found = new Set<Tail>();
    for (const log of new Set([...logs].map((lineage) => basename(lineage)))) {
      const group = this.#groups.get(`${source}\0${log}`);
      if (group === undefined) continue;
      for (const tail of group.unknown) found.add(tail);
      for (const { tail, key } of group.like(head))
        if (tail.place.name !== 'lost' && tail.place.key === key) found.add(tail);
    }
    return [...found].sort((a, b) => a.age - b.age);
  }

  #groupOf({ source, lineage }: Tail): Group {
    const name = `${source}\0${basename(lineage)}`;
    const group = this.#groups.get(name) ?? new Group();
    this.#groups.set(name, group);
    return group;
  }

  #drop(tail: Tail): void {
    const entry = this.#entries.get(tail);
    if (entry === undefined) return;
    this.#entries.delete(tail);
    entry.group.remove(entry);
  }
}

function commonLength(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  let at = 0;
  while (at < end && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}
