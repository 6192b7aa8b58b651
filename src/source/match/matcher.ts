/**
 * Gives every file that a look has found to the tail that it belongs to: the
 * same file (same inode, and the text holds), else one that continues a tail
 * which has lost its file (renamed over, copied, compressed), else a copy in
 * the making, which waits, else a new tail.
 */
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.js';
import type { ByteOffset } from '../../model/position.js';
import type { Report } from '../../model/report.js';
import { isCompressed, isLive, lineagesOfFile } from '../find/rotated-name.js';
import type { Seen, View } from '../find/snapshot.js';
import { digest, isAnotherFile, MARK_BYTES } from '../read/fingerprint.js';
import type { Descriptors, Opener } from '../read/open-files.js';
import { stampOf, type Tail } from '../read/tail.js';
import type { Tails } from '../read/tail-registry.js';
import { Beginnings } from './beginnings.js';
import { Inheritance } from './continuation.js';
import { canBeCopyOf, originalOf } from './copy.js';
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

/** Has everybody else wait while the work is done. */
export type Turn = (work: () => Promise<void>) => Promise<void>;

/** What is known of a file before it is compared with others. */
interface LookedInto {
  /** As it is now. */
  readonly stamp: string;
  /** Its first 4 KiB, if they were looked at. */
  readonly head: Buffer | undefined;
  readonly candidates: readonly Tail[];
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
// Short enough that a line or a stop waits for nobody, long enough to get ahead.
const TURN_MS = 20;

export class Placement {
  /** Lineages with a file that may turn out to be what a lost tail goes on in. */
  readonly undecided = new Set<string>();
  #held = new Map<string, Held>();
  readonly #inheritance: Inheritance;
  readonly #beginnings = new Beginnings();
  /** Tails of this look, by lineage, that #beginnings does not know yet. */
  readonly #unnoted = new Map<string, Tail[]>();

  constructor(readonly deps: PlacementDependencies) {
    this.#inheritance = new Inheritance(deps.tails, deps.opener);
  }

  /**
   * `lookedMs`: when the look began (monotonic). Answers whether another look is needed soon: what a tail
   * that was lost since then goes on in may not have been in sight yet. `turn` has others wait while its work is done:
   * it is called for little at a time, so that what is decided can be read at once.
   */
  async apply(
    view: View,
    lookedMs: number,
    turn: Turn = (work) => work(),
    signal: AbortSignal | undefined = undefined,
  ): Promise<boolean> {
    this.deps.opener.newRound();
    this.undecided.clear();
    let unknown: Seen[] = [];
    await turn(async () => {
      unknown = await this.#sight(view);
      await this.#miss(view);
    });
    const heirless: Seen[] = [];
    await this.#inTurns(unknown, turn, signal, async (seen) => {
      const outcome = await this.#inherit(seen, view);
      if (outcome === 'none') heirless.push(seen);
      if (outcome === 'unclear') this.#leaveUndecided(seen);
    });
    this.deps.logs.remember(view);
    const held = new Map<string, Held>();
    let again = false;
    if (heirless.length > 0) {
      const outdated = this.#beginnings.outdated(this.deps.tails.all);
      await this.#inTurns(outdated, turn, signal, (tail) => this.#renew(tail, view));
    }
    await this.#inTurns(heirless, turn, signal, async (seen) => {
      if (this.#mayGoOnIn(seen, lookedMs)) {
        this.#leaveUndecided(seen);
        again = true;
      } else await this.#settle(seen, held, view);
    });
    this.#held = held;
    this.#unnoted.clear();
    this.#inheritance.endLook(view);
    return again;
  }

  /** Works through the items, a few milliseconds in each turn. */
  async #inTurns<T>(
    items: readonly T[],
    turn: Turn,
    signal: AbortSignal | undefined,
    work: (item: T) => Promise<void>,
  ): Promise<void> {
    const { clock } = this.deps;
    for (let next = 0; next < items.length && !signal?.aborted; ) {
      await turn(async () => {
        const endMs = clock.monotonicMs() + TURN_MS;
        do await work(items[next++]!);
        while (next < items.length && clock.monotonicMs() < endMs && !signal?.aborted);
      });
      await setImmediate();
    }
  }

  /** Whether a tail that was lost since the look began may go on in the file. */
  #mayGoOnIn(seen: Seen, lookedMs: number): boolean {
    const [{ source, anyName }] = seen.ways;
    const recent = this.deps.tails.lost.since(lookedMs).filter((tail) => tail.source === source && !tail.gone);
    if (recent.length === 0) return false;
    const lineages = lineagesOfFile(seen);
    return recent.some(
      ({ identity, lineage }) => anyName || identity.inode === seen.stats.ino || lineages.has(lineage),
    );
  }

  /** Looks how a tail's file begins now. One that begins with another text than what was read is another text. */
  async #renew(tail: Tail, view: View): Promise<void> {
    const head = await this.#headOf(tail, view);
    this.#beginnings.note(tail, head);
    const length = Math.min(MARK_BYTES, tail.offset);
    if (head === undefined || digest(head.subarray(0, length)) === tail.identity.head) return;
    const opening = await this.deps.descriptors.open(tail);
    if (opening.kind === 'changed') await this.loseChanged(tail, opening.shorter);
    else if (opening.kind === 'open' && !(await tail.stillHolds())) await this.loseChanged(tail, false);
  }

  /** The first bytes of a tail's file; `undefined` when they cannot be had now. */
  async #headOf(tail: Tail, view: View): Promise<Buffer | undefined> {
    if (tail.content !== undefined) return tail.content.read(0, MARK_BYTES).catch(() => undefined);
    const seen = tail.place.name === 'placed' ? view.files.get(tail.place.key) : undefined;
    return seen && this.deps.opener.use(seen, (content) => content.read(0, MARK_BYTES));
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
    const { newcomers, clock, tails, opener, descriptors } = this.deps;
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
    const now = await this.#lookInto(seen, view);
    if (now === 'unclear') return this.#leaveUndecided(seen);
    const original = await originalOf(seen, now.candidates, this.deps);
    if (original === 'unclear') return this.#leaveUndecided(seen);
    if (original !== undefined && !original.holds) {
      // Written anew since it was copied: now the copy is the text.
      await this.loseChanged(original.tail, original.shorter);
      if ((await this.#inherit(seen, view)) === 'none') return this.#settle(seen, held, view);
    } else if (original === undefined) {
      // A copy that has been written anew since this look would be taken for as long as the copy was.
      const compared = now.candidates.length > 0 ? await opener.use(seen, (content) => content.stat()) : undefined;
      if ((compared === undefined ? now.stamp : stampOf(compared)) !== stamp) return this.#leaveUndecided(seen);
      await newcomers.follow(seen, 0);
    } else if (isLive(seen) && (await isReadOutOfSight(original.tail, seen.stats.size))) {
      // Moved away and copied back, as editors and moved volumes do: what is in sight is the log.
      await this.#goOn(original.tail, seen);
    } else if (heldMs < HOLD_MS || original.tail.place.name !== 'placed' || !seen.ways[0].matched) {
      held.set(seen.key, { stamp, of: original.tail, sinceMs: clock.monotonicMs() - heldMs });
    } else {
      // As long as this, it is no coincidence: what the copy repeats has been read.
      await newcomers.follow(seen, seen.stats.size >= MARK_BYTES ? 'end' : 0);
    }
    const tail = tails.byKey(seen.key);
    if (tail === undefined) return;
    // What is open can be deleted or moved away and still be read.
    if (!descriptors.full) await descriptors.open(tail);
    if (now.head !== undefined) this.#beginnings.note(tail, now.head);
    else this.#unnoted.set(tail.lineage, [...(this.#unnoted.get(tail.lineage) ?? []), tail]);
  }

  /** How the file begins, and which tails it may be a copy of; `unclear`: it cannot be said whether it is one. */
  async #lookInto(seen: Seen, view: View): Promise<LookedInto | 'unclear'> {
    const { tails, opener } = this.deps;
    const stamp = stampOf(seen.stats);
    const lineages = this.#kinOf(seen);
    if (lineages.length === 0) return { stamp, head: undefined, candidates: [] };
    const hasKin = () => lineages.some((lineage) => [...tails.of(lineage)].some((tail) => canBeCopyOf(seen, tail)));
    if (seen.stats.size === 0 && !isLive(seen) && hasKin()) return 'unclear';
    const now = await opener.use(seen, async (content) => ({
      stamp: stampOf(await content.stat()),
      head: await content.read(0, MARK_BYTES),
    }));
    if (now === undefined) return hasKin() ? 'unclear' : { stamp, head: undefined, candidates: [] };
    if (seen.stats.size === 0) return { ...now, candidates: [] };
    for (const lineage of lineages) {
      for (const tail of this.#unnoted.get(lineage) ?? []) this.#beginnings.note(tail, await this.#headOf(tail, view));
      this.#unnoted.delete(lineage);
    }
    const candidates = this.#beginnings.like(now.head, seen.ways[0].source, lineages);
    return { ...now, candidates: candidates.filter((tail) => canBeCopyOf(seen, tail)) };
  }

  /** Lineages with tails that the file may belong to; where rotated files go to a directory of their own, the name alone must do. */
  #kinOf(seen: Seen): string[] {
    const { lineages } = this.deps.tails;
    const own = [...lineagesOfFile(seen)];
    if (!seen.ways.some(({ anyName }) => anyName)) return own.filter((lineage) => lineages.has(lineage));
    const names = new Set(own.map((lineage) => basename(lineage)));
    return [...lineages.keys()].filter((lineage) => names.has(basename(lineage)));
  }

  /** The tail goes on in the file in sight; the one out of sight may have a writer that has not noticed. */
  async #goOn(tail: Tail, seen: Seen): Promise<void> {
    const { tails, descriptors, newcomers } = this.deps;
    const left = newcomers.twinOf(tail);
    await descriptors.pass(tail, left);
    tails.place(tail, seen);
    tails.add(left);
    this.#unnoted.set(left.lineage, [...(this.#unnoted.get(left.lineage) ?? []), left]);
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
