/**
 * Gives every file that a look has found to the tail that it belongs to: the
 * same file (same inode, and the text holds), else one that continues a tail
 * which has lost its file (renamed over, copied, compressed), else a copy in
 * the making, which waits, else a new tail.
 */
import type { Clock } from '../../lib/clock.js';
import type { ByteOffset } from '../../model/position.js';
import type { Report } from '../../model/report.js';
import { isCompressed, isLive, lineagesOfFile } from '../find/rotated-name.js';
import type { Seen, View } from '../find/snapshot.js';
import { isAnotherFile, MARK_BYTES } from '../read/fingerprint.js';
import type { Descriptors, Opener } from '../read/open-files.js';
import { stampOf, type Tail } from '../read/tail.js';
import type { Tails } from '../read/tail-registry.js';
import { Inheritance } from './continuation.js';
import { originalOf } from './copy.js';
import type { FollowedLogs } from './followed-logs.js';
import type { Newcomers } from './new-files.js';

export interface PlacementDependencies {
  readonly tails: Tails;
  readonly descriptors: Descriptors;
  readonly newcomers: Newcomers;
  readonly logs: FollowedLogs;
  readonly opener: Opener;
  /** A file's end was cut off behind what had been read. */
  readonly cutOff: (tail: Tail, fromOffset: ByteOffset, toOffset: ByteOffset) => void;
  readonly clock: Clock;
  readonly report: Report;
}

/** A file whose text is that of another file so far. */
interface Held {
  readonly stamp: string;
  readonly of: Tail;
  readonly sinceMs: number;
}

// copytruncate truncates when the copy is done; a copy that has not changed for
// this long, beside a file that still stands, is a file of its own.
const HOLD_MS = 60_000;

export class Placement {
  /** Lineages with a file that may turn out to be what a lost tail goes on in. */
  readonly undecided = new Set<string>();
  #held = new Map<string, Held>();
  readonly #inheritance: Inheritance;

  constructor(readonly deps: PlacementDependencies) {
    this.#inheritance = new Inheritance(deps.tails, deps.opener);
  }

  /**
   * `lookedMs`: when the look began (monotonic). Answers whether another look is needed soon: what a tail
   * that was lost since then goes on in may not have been in sight yet.
   */
  async apply(view: View, lookedMs: number): Promise<boolean> {
    this.deps.opener.newRound();
    this.undecided.clear();
    const unknown = await this.#sight(view);
    await this.#miss(view);
    const heirless: Seen[] = [];
    for (const seen of unknown) {
      const outcome = await this.#inherit(seen, view);
      if (outcome === 'none') heirless.push(seen);
      if (outcome === 'unclear') this.#leaveUndecided(seen);
    }
    this.deps.logs.remember(view);
    const held = new Map<string, Held>();
    let again = false;
    for (const seen of heirless) {
      if (this.#inheritance.lostTails(seen).some(({ place }) => place.name === 'lost' && place.sinceMs >= lookedMs)) {
        this.#leaveUndecided(seen);
        again = true;
      } else await this.#settle(seen, held, view);
    }
    this.#held = held;
    return again;
  }

  /** Whether a file is held as a copy of this tail's. */
  hasCopy(tail: Tail): boolean {
    return [...this.#held.values()].some(({ of }) => of === tail);
  }

  #leaveUndecided(seen: Seen): void {
    for (const lineage of lineagesOfFile(seen)) this.undecided.add(lineage);
  }

  /** Known files: taken up as they are now. The others are returned, oldest first. */
  async #sight(view: View): Promise<Seen[]> {
    const { tails } = this.deps;
    const unknown: Seen[] = [];
    for (const seen of view.files.values()) {
      const tail = tails.byKey(seen.key);
      if (tail === undefined || tail.place.name === 'lost') unknown.push(seen);
      else if (!(await this.#takeUp(tail, seen))) unknown.push(seen);
    }
    return unknown.sort(byAge);
  }

  async #takeUp(tail: Tail, seen: Seen): Promise<boolean> {
    const { tails, clock } = this.deps;
    if (tail.place.name === 'lost') return false;
    const { size, stamp } = tail.place;
    // Nothing of it has been read to know it by, and nothing holds its inode.
    if (tail.offset === 0 && tail.content === undefined && isAnotherFile(tail.identity, seen.stats)) {
      tails.lose(tail, 'deleted', size, false, clock.monotonicMs());
      return false;
    }
    const known = Math.max(size, tail.provenSize ?? 0);
    const shrunk = !isCompressed(tail.path) && seen.stats.size < known;
    if (shrunk && !(await this.#stillHolds(tail, seen, known))) return false;
    if (tail.place.name === 'unlinked' || !seen.ways.some(({ path }) => path === tail.path)) tails.place(tail, seen);
    else if (stamp !== stampOf(seen.stats)) tails.sight(tail, seen.stats);
    else if (tail.blocked !== undefined) tails.wake(tail);
    return true;
  }

  /** A file that has become shorter is looked into at once: a copy of its old text may not stay for long. */
  async #stillHolds(tail: Tail, seen: Seen, known: number): Promise<boolean> {
    const { tails, descriptors, clock } = this.deps;
    if (tail.offset > 0 && seen.stats.size >= tail.offset) {
      const opening = await descriptors.open(tail);
      const holds = opening.kind === 'open' && (await tail.stillHolds());
      if (holds && tail.offsetAtSight > 0) this.deps.cutOff(tail, seen.stats.size, known);
      // Nothing of it had been read: what has been read since may be all new, and the old text in a copy.
      else if (holds) this.deps.newcomers.missUnread(tail, seen, known);
      if (holds || opening.kind === 'blocked' || opening.kind === 'elsewhere') return true;
    }
    await descriptors.release(tail);
    tails.lose(tail, 'truncated', known, false, clock.monotonicMs());
    return false;
  }

  /** Tails whose file was not found: only proof of absence counts. */
  async #miss(view: View): Promise<void> {
    const { tails, descriptors, clock } = this.deps;
    for (const tail of tails.all) {
      if (tail.place.name !== 'placed' || view.files.has(tail.place.key)) continue;
      if (view.at(tail.path) === undefined && !view.isAbsent(tail.path)) continue;
      const known = Math.max(tail.place.size, tail.provenSize ?? 0);
      // The open descriptor still tells what became of the file.
      const stats = await tail.content?.stat();
      if (stats !== undefined && (isCompressed(tail.path) || stats.size >= known)) {
        tails.unlink(tail, stats, clock.monotonicMs());
        continue;
      }
      await descriptors.release(tail);
      const size = stats === undefined ? (tail.provenSize ?? tail.place.size) : known;
      tails.lose(tail, stats === undefined ? 'deleted' : 'truncated', size, false, clock.monotonicMs());
    }
  }

  /** Looks for a tail that has lost its file and goes on in this one, or had read it; `unclear` when the file cannot be read. */
  async #inherit(seen: Seen, view: View): Promise<'inherited' | 'none' | 'unclear'> {
    const { tails, newcomers, report } = this.deps;
    const heir = await this.#inheritance.heirOf(seen, view);
    if (heir === 'none' || heir === 'unclear') return heir;
    if (typeof heir === 'number') {
      await newcomers.follow(seen, heir);
      return 'inherited';
    }
    const { path } = heir;
    tails.place(heir, seen);
    if (heir.path !== path) report.info('A followed file goes on under another path', { path, now: heir.path });
    return 'inherited';
  }

  async #settle(seen: Seen, held: Map<string, Held>, view: View): Promise<void> {
    const { newcomers, clock } = this.deps;
    const wanted = await newcomers.isWanted(seen);
    if (wanted === 'later') this.#leaveUndecided(seen);
    if (wanted !== 'yes') return;
    const before = this.#held.get(seen.key);
    const stamp = stampOf(seen.stats);
    const heldMs = before?.stamp === stamp ? clock.monotonicMs() - before.sinceMs : 0;
    if (before?.stamp === stamp && before.of.place.name !== 'lost' && heldMs < HOLD_MS) {
      held.set(seen.key, before);
      return;
    }
    const original = await originalOf(seen, this.deps);
    if (original === 'unclear') return this.#leaveUndecided(seen);
    if (original !== undefined && !original.holds) {
      // Written anew since it was copied: now the copy is the text.
      await this.loseChanged(original.tail, original.shorter);
      if ((await this.#inherit(seen, view)) === 'none') await this.#settle(seen, held, view);
      return;
    }
    if (original === undefined) {
      // A copy that has been written anew since this look would be taken for as long as the copy was.
      const hasKin = [...lineagesOfFile(seen)].some((lineage) => this.deps.tails.of(lineage).size > 0);
      const now = hasKin ? await this.deps.opener.use(seen, (content) => content.stat()) : undefined;
      if (now !== undefined && stampOf(now) !== stamp) return this.#leaveUndecided(seen);
      return newcomers.follow(seen, 0);
    }
    // Moved away and copied back, as editors and moved volumes do: what is in sight is the log.
    if (isLive(seen) && (await isReadOutOfSight(original.tail, seen.stats.size)))
      return this.#goOn(original.tail, seen);
    if (heldMs < HOLD_MS || original.tail.place.name !== 'placed' || !seen.ways[0].matched) {
      held.set(seen.key, { stamp, of: original.tail, sinceMs: clock.monotonicMs() - heldMs });
      return;
    }
    // As long as this, it is no coincidence: what the copy repeats has been read.
    await newcomers.follow(seen, seen.stats.size >= MARK_BYTES ? 'end' : 0);
  }

  /** The tail goes on in the file in sight; the one out of sight may have a writer that has not noticed. */
  async #goOn(tail: Tail, seen: Seen): Promise<void> {
    const { tails, descriptors, newcomers } = this.deps;
    const left = newcomers.twinOf(tail);
    await descriptors.pass(tail, left);
    tails.place(tail, seen);
    tails.add(left);
  }

  /** The text before the offset is another one: the tail stays with its own text, which may lie elsewhere. */
  async loseChanged(tail: Tail, shorter: boolean): Promise<void> {
    const { tails, descriptors, clock } = this.deps;
    await descriptors.release(tail);
    // Seen to change more than once since its end was last reached: nobody knows how much there was in between.
    const size = tail.sights > 1 ? undefined : tail.provenSize;
    tails.lose(tail, shorter ? 'truncated' : 'overwritten', size, true, clock.monotonicMs());
  }
}

/** Oldest first. Kernel times are coarse: among equals the one that is still written to is the youngest. */
function byAge(a: Seen, b: Seen): number {
  const byName = Number(isLive(a)) - Number(isLive(b));
  return a.stats.mtimeMs - b.stats.mtimeMs || byName || a.stats.birthtimeMs - b.stats.birthtimeMs;
}

/** Whether a file that lies out of sight has been read to its end, and is no longer than `size`. */
async function isReadOutOfSight({ place, content, offset }: Tail, size: number): Promise<boolean> {
  if (place.name !== 'unlinked' || content === undefined || content.compressed || offset > size) return false;
  const stats = await content.stat();
  // What is deleted is soon let go, and then this one goes on with the tail.
  return stats.nlink > 0 && stats.size === offset;
}
