/**
 * Matches files and tails: gives every file that a look has found to the tail
 * that it belongs to, and says what becomes of tails that have none. It asks
 * evidence.ts what the text says and rules.ts what follows, and does that.
 */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.js';
import type { ByteOffset } from '../../model/position.js';
import type { Report } from '../../model/report.js';
import { isCompressed, isLive, isLiveName, lineagesOfFile } from '../find/rotated-name.js';
import type { FileKey, FoundFile, Snapshot } from '../find/snapshot.js';
import { hasOwnBirthTime, isAnotherFile, MARK_BYTES } from '../read/fingerprint.js';
import type { FileInspector, OpenFiles } from '../read/open-files.js';
import { stampOf, type Tail } from '../read/tail.js';
import type { Tails } from '../read/tail-registry.js';
import type { LossReason, Notice } from '../types.js';
import { Evidence } from './evidence.js';
import type { FollowedLogs } from './followed-logs.js';
import type { NewTails } from './new-tails.js';
import { decide, HOLD_MS, isDue, type KnownFile, type LostTail, type NewFile, type Verdict } from './rules.js';

export interface MatcherDependencies {
  readonly tails: Tails;
  readonly openFiles: OpenFiles;
  readonly newTails: NewTails;
  readonly logs: FollowedLogs;
  readonly inspector: FileInspector;
  readonly notice: (notice: Notice) => void;
  readonly clock: Clock;
  readonly report: Report;
  readonly pollMs: number;
}

/** Has everybody else wait while the work is done. */
export type Exclusively = (work: () => Promise<void>) => Promise<void>;

/** A file whose text is that of another file so far. */
interface Held {
  readonly stamp: string;
  readonly of: Tail;
  readonly sinceMs: number;
}

// Short enough that a line or a stop waits for nobody, long enough to get ahead.
const PIECE_MS = 20;

const KEEP = 'keep rotated files for longer; openemr-audit-forwarder check says for how long unread lines stay';
const REMEDIES: Readonly<Record<LossReason, string>> = {
  truncated: 'let logrotate use create instead of copytruncate where the writer allows it',
  overwritten: 'let the program that writes the log append to it, not rewrite it',
  deleted: KEEP,
  'rotated-away': KEEP,
};

export class Matcher {
  readonly #evidence: Evidence;
  /** Lineages with a file that may turn out to be what a lost tail goes on in. */
  readonly #undecided = new Map<string, 'empty' | 'with text'>();
  #held = new Map<FileKey, Held>();
  /** Shredded files that lie there still, and when they were born. */
  readonly #spent = new Map<FileKey, number>();
  /** Files that are there while the tail that had them goes on in another, likewise. */
  readonly #left = new Map<FileKey, number>();
  /** Devices whose file systems are known to keep birth times. */
  readonly #keepsBirthTimes = new Set<number>();
  #snapshot: Snapshot | undefined;

  constructor(readonly deps: MatcherDependencies) {
    this.#evidence = new Evidence(deps.tails, deps.openFiles, deps.inspector);
  }

  /**
   * `lookedMs`: when the look began (monotonic). Answers whether another look is needed soon: what a tail
   * that was lost since then goes on in may not have been in sight yet. `exclusively` has others wait while its work is done:
   * it is called for little at a time, so that what is decided can be read at once. Once `signal` is aborted, the rest
   * of the files stay as they were.
   */
  async apply(
    snapshot: Snapshot,
    lookedMs: number,
    exclusively: Exclusively = (work) => work(),
    signal: AbortSignal | undefined = undefined,
  ): Promise<boolean> {
    const { inspector, logs, tails } = this.deps;
    this.#snapshot = snapshot;
    inspector.newRound();
    this.#undecided.clear();
    for (const files of [this.#spent, this.#left]) {
      for (const key of files.keys()) if (!snapshot.files.has(key)) files.delete(key);
    }
    for (const { stats } of snapshot.files.values()) if (hasOwnBirthTime(stats)) this.#keepsBirthTimes.add(stats.dev);
    const unknown: FoundFile[] = [];
    await this.#inPieces([...snapshot.files.values()], exclusively, signal, async (file) => {
      if (!(await this.#isKnown(file))) unknown.push(file);
    });
    await this.#inPieces([...tails.all], exclusively, signal, (tail) => this.#missed(tail, snapshot));
    const left: FoundFile[] = [];
    await this.#inPieces(oldestFirst(unknown), exclusively, signal, async (file) => {
      if (await this.#isUnclaimed(file, snapshot)) left.push(file);
    });
    if (signal?.aborted) return false;
    logs.remember(snapshot);
    if (left.length > 0) {
      await this.#inPieces(this.#evidence.outdated(), exclusively, signal, async (tail) => {
        if (await this.#evidence.renew(tail, snapshot)) await this.foundOtherText(tail, false);
      });
    }
    const held = new Map<FileKey, Held>();
    let again = false;
    await this.#inPieces(left, exclusively, signal, async (file) => {
      if (await this.#settle(file, lookedMs, held, snapshot)) again = true;
    });
    // What a look that was broken off has not come to is held as before.
    this.#held = signal?.aborted ? new Map([...this.#held, ...held]) : held;
    this.#evidence.endLook(snapshot);
    return again;
  }

  /** Works through the items, for a few milliseconds at a time. */
  async #inPieces<T>(
    items: readonly T[],
    exclusively: Exclusively,
    signal: AbortSignal | undefined,
    work: (item: T) => Promise<void>,
  ): Promise<void> {
    const { clock } = this.deps;
    for (let next = 0; next < items.length && !signal?.aborted; ) {
      await exclusively(async () => {
        const endMs = clock.monotonicMs() + PIECE_MS;
        do await work(items[next++]!);
        while (next < items.length && clock.monotonicMs() < endMs && !signal?.aborted);
      });
      await setImmediate();
    }
  }

  /** Whether only what happens to files can make another look decide anything: nothing waits for time to pass or to be readable. */
  get isSettled(): boolean {
    const { tails, inspector, clock } = this.deps;
    if (tails.lost.size + this.#undecided.size + inspector.unreadable.size > 0) return false;
    const decidedMs = clock.monotonicMs() - 2 * HOLD_MS;
    for (const { sinceMs } of this.#held.values()) if (sinceMs > decidedMs) return false;
    for (const { place, blocked } of tails.all) if (place.name !== 'placed' || blocked !== undefined) return false;
    return true;
  }

  /** What becomes of tails whose file is not in sight. `lookedMs`: what was lost since then may go on in a file that the look has not seen. */
  async tend(snapshot: Snapshot, lookedMs: number): Promise<void> {
    for (const tail of [...this.deps.tails.all]) {
      const { place } = tail;
      if (place.name === 'placed') tail.seenAtHome(snapshot.deviceAt(tail.lineage));
      if (place.name === 'unlinked') await this.#tendUnlinked(tail);
      if (tail.place.name === 'lost' && tail.place.sinceMs < lookedMs && !tail.gone) this.#tendLost(tail, snapshot);
    }
  }

  /** Nothing will be read any more: what is unread of a file out of sight is told now, while its size is known. */
  leave(tail: Tail): void {
    if (this.isLeftUnread(tail)) this.#tellGap(tail, tail.offset, tail.place.size, 'deleted');
  }

  /** Nothing but its descriptor leads to the rest of its text. */
  isLeftUnread(tail: Tail): boolean {
    const { place, offset, ended } = tail;
    return place.name === 'unlinked' && !ended && place.size > offset && !this.#hasCopy(tail);
  }

  /** A read has found that the text before the tail's offset is another one: the tail stays with its own, which may lie elsewhere. */
  async foundOtherText(tail: Tail, isShorter: boolean): Promise<void> {
    const { place, offset, provenSize, sights, identity } = tail;
    if (place.name === 'lost') return;
    const isRotated = !isLiveName(tail.path);
    const file = this.#snapshot?.files.get(place.key);
    const isShredded = isRotated && offset > 0 && (await this.#evidence.isShredded(tail, file));
    const known = {
      of: 'other text',
      isRotated,
      isDelivered: tail.isDelivered,
      isShredded,
      isShorter,
      sights,
      offset,
    } as const;
    const { verdict } = decide({ ...known, readSize: provenSize });
    if (verdict.do === 'lose' && verdict.isSpent) this.#spent.set(place.key, identity.birthtimeMs);
    await this.#do(tail, verdict);
  }

  /** Whether a tail has the file and keeps it. */
  async #isKnown(file: FoundFile): Promise<boolean> {
    const { tails, newTails } = this.deps;
    const tail = tails.byKey(file.key);
    if (tail === undefined || tail.place.name === 'lost') return false;
    let known = await this.#knownFile(tail, file);
    for (;;) {
      const { verdict } = decide(known);
      if (verdict.do === 'tell the cut') this.#tellGap(tail, file.stats.size, known.knownSize, 'truncated');
      else if (verdict.do === 'remember the cut') newTails.rememberCut(tail, file, known.knownSize);
      else if (verdict.do === 'compare') await this.foundOtherText(tail, file.stats.size < tail.offset);
      else if (verdict.do === 'keep') this.#keep(tail, file, verdict.as);
      else await this.#do(tail, verdict);
      if (verdict.do !== 'tell the cut' && verdict.do !== 'remember the cut') return verdict.do === 'keep';
      known = { ...known, hasShrunk: false };
    }
  }

  async #knownFile(tail: Tail, file: FoundFile): Promise<KnownFile> {
    const { place, path, offset, knownSize } = tail;
    const hasShrunk = !isCompressed(path) && file.stats.size < knownSize;
    const hasChanged = place.name !== 'lost' && place.stamp !== stampOf(file.stats);
    const isDelivered = tail.isDelivered && !isLiveName(path);
    // A file that has become shorter is looked into at once: a copy of its old text may not stay for long.
    const isAsked = hasShrunk ? offset > 0 && file.stats.size >= offset : isDelivered && hasChanged;
    return {
      of: 'known file',
      isUnread: offset === 0 && tail.content === undefined,
      hasOtherBirth: this.#keepsBirthTimes.has(file.stats.dev) && isAnotherFile(tail.identity, file.stats),
      knownSize,
      hasShrunk,
      isDeliveredAndChanged: isDelivered && hasChanged,
      text: isAsked ? await this.#evidence.textOf(tail) : 'not asked',
      wasRead: tail.offsetAtSight > 0,
      isWhereItWas: place.name === 'placed' && file.names.some((name) => name.path === path),
      hasChanged,
      isBlocked: tail.blocked !== undefined,
    };
  }

  #keep(tail: Tail, file: FoundFile, as: 'placed' | 'changed' | 'readable' | 'unchanged'): void {
    const { tails } = this.deps;
    if (as === 'placed') tails.place(tail, file);
    else if (as === 'changed') tails.sight(tail, file.stats, true);
    else if (as === 'readable') tails.wake(tail);
  }

  /** A tail whose file the look has not found: only proof of absence counts. */
  async #missed(tail: Tail, snapshot: Snapshot): Promise<void> {
    const { place, path } = tail;
    if (place.name !== 'placed' || snapshot.files.has(place.key)) return;
    await this.miss(tail, snapshot.at(path) !== undefined || snapshot.isAbsent(path));
  }

  /** The file of a tail does not lie where it lay, or its directory cannot be looked into. */
  async miss(tail: Tail, isProven: boolean): Promise<void> {
    const { tails, clock } = this.deps;
    const { place, path, knownSize } = tail;
    if (place.name !== 'placed') return;
    // The open descriptor still tells what became of the file.
    const stats = await tail.content?.stat();
    const { verdict } = decide({
      of: 'missing file',
      isProven,
      isOpen: stats !== undefined,
      isWhole: stats !== undefined && (isCompressed(path) || stats.size >= knownSize),
      knownSize,
      seenSize: tail.provenSize ?? place.size,
    });
    if (verdict.do === 'unlink' && stats !== undefined) tails.unlink(tail, stats, clock.monotonicMs());
    else await this.#do(tail, verdict);
  }

  /** Whether an unknown file goes on with no tail that has lost its own, so that it may be a new one. */
  async #isUnclaimed(file: FoundFile, snapshot: Snapshot): Promise<boolean> {
    const { tails, newTails, report } = this.deps;
    const isSpent = this.#spent.get(file.key) === file.stats.birthtimeMs;
    const isRotated = !isLive(file);
    const found = isSpent ? undefined : await this.#evidence.continuationOf(file, snapshot);
    const wasRead = isRotated && found?.kind === 'none' && this.#left.get(file.key) === file.stats.birthtimeMs;
    const { verdict } = decide({
      of: 'unknown file',
      isSpent,
      isRotated,
      evidence: wasRead && (await this.#evidence.isNoText(file)) ? 'shredded' : (found?.kind ?? 'none'),
      offset: found?.kind === 'part' ? found.offset : 0,
    });
    if (found?.kind === 'continues' && verdict.do === 'place') {
      const { path, identity } = found.tail;
      if (identity.inode !== file.stats.ino)
        this.#left.set(`${identity.device}:${identity.inode}`, identity.birthtimeMs);
      tails.place(found.tail, file);
      const now = found.tail.path;
      if (now !== path) report.info('A followed file goes on under another path', { path, now });
    } else if (verdict.do === 'follow') await newTails.follow(file, verdict.from);
    else if (verdict.do === 'wait') this.#leaveUndecided(file);
    else if (verdict.do === 'ignore') this.#spent.set(file.key, file.stats.birthtimeMs);
    return verdict.do === 'ask further';
  }

  /** What a file is that goes on with no tail. Answers whether another look may tell soon. */
  async #settle(
    file: FoundFile,
    lookedMs: number | undefined,
    held: Map<FileKey, Held>,
    snapshot: Snapshot,
  ): Promise<boolean> {
    const { newTails, clock, tails, openFiles } = this.deps;
    const stamp = stampOf(file.stats);
    const before = this.#held.get(file.key);
    const heldMs = before?.stamp === stamp ? clock.monotonicMs() - before.sinceMs : undefined;
    const mayContinue = lookedMs !== undefined && this.#mayContinueSince(file, lookedMs);
    const unasked: NewFile = {
      of: 'new file',
      mayContinue,
      wanted: mayContinue ? 'yes' : await newTails.isWanted(file),
      heldMs,
      originalStands: before !== undefined && before.of.place.name !== 'lost',
      evidence: 'not asked',
      hasChangedSince: false,
      isLive: isLive(file),
      isMatched: file.names[0].matched,
      isLong: file.stats.size >= MARK_BYTES,
      original: 'in sight',
      isSkipped: newTails.isSkipped(file),
    };
    let { verdict } = decide(unasked);
    let original = before?.of;
    let head: Buffer | undefined;
    if (verdict.do === 'ask further') {
      const first = await this.#evidence.firstLook(file, snapshot);
      head = first.head;
      const copy =
        first.kind === 'unclear' ? { kind: first.kind } : await this.#evidence.copyOf(file, first.candidates);
      if ('of' in copy) original = copy.of;
      // A copy that has been written anew since this look would be taken for as long as the copy was.
      const isCompared = copy.kind === 'none' && first.candidates.length > 0;
      const now = (isCompared ? await this.#evidence.stampNow(file) : undefined) ?? first.stamp;
      const isShorter = copy.kind === 'original changed' && copy.shorter;
      const place = copy.kind === 'copy' ? await whereIs(copy.of, file.stats.size) : 'in sight';
      verdict = decide({ ...unasked, evidence: copy.kind, hasChangedSince: now !== stamp, original: place }).verdict;
      if (verdict.do === 'lose the original' && original !== undefined) {
        await this.foundOtherText(original, isShorter);
        const isUnclaimed = await this.#isUnclaimed(file, snapshot);
        return isUnclaimed && this.#settle(file, undefined, held, snapshot);
      }
    }
    if (verdict.do === 'wait' && verdict.isUndecided) this.#leaveUndecided(file);
    else if (verdict.do === 'follow') await newTails.follow(file, verdict.from);
    else if (verdict.do === 'go on' && original !== undefined) await this.#goOn(original, file);
    else if (verdict.do === 'hold' && original !== undefined)
      held.set(file.key, { stamp, of: original, sinceMs: clock.monotonicMs() - (heldMs ?? 0) });
    const tail = tails.byKey(file.key);
    if (tail !== undefined) {
      // What is open can be deleted or moved away and still be read.
      if (!openFiles.full) await openFiles.open(tail);
      this.#evidence.note(tail, head);
    }
    return verdict.do === 'wait' && verdict.again === true;
  }

  /** Whether a tail that was lost since the look began may go on in the file. */
  #mayContinueSince(file: FoundFile, lookedMs: number): boolean {
    const [{ source, anyName }] = file.names;
    const recent = this.deps.tails.lost.since(lookedMs).filter((tail) => tail.source === source && !tail.gone);
    if (recent.length === 0) return false;
    const lineages = lineagesOfFile(file);
    return recent.some(
      ({ identity, lineage }) => anyName || identity.inode === file.stats.ino || lineages.has(lineage),
    );
  }

  /** The tail goes on in the file in sight; the one out of sight may have a writer that has not noticed. */
  async #goOn(tail: Tail, file: FoundFile): Promise<void> {
    const { tails, openFiles, newTails } = this.deps;
    const left = newTails.twinOf(tail);
    await openFiles.pass(tail, left);
    tails.place(tail, file);
    tails.add(left);
    this.#evidence.note(left, undefined);
  }

  async #tendUnlinked(tail: Tail): Promise<void> {
    const { tails, clock, pollMs } = this.deps;
    const { place, content } = tail;
    if (place.name !== 'unlinked') return;
    const nowMs = clock.monotonicMs();
    const stats = await content?.stat();
    const { verdict } = decide({
      of: 'out of sight',
      isOpen: stats !== undefined,
      hasChanged: stats !== undefined && stampOf(stats) !== place.stamp,
      isReady: tail.ready,
      quietMs: nowMs - place.sinceMs,
      isDeleted: stats?.nlink === 0,
      isFinished: tail.finished,
      hasCopy: this.#hasCopy(tail),
      mayGoOn: tail.partial !== undefined && this.#undecided.get(tail.lineage) === 'with text',
      isTwin: !tail.journaled && tail.offset > 0,
      readSize: tail.provenSize,
      seenSize: place.size,
      pollMs,
    });
    if (verdict.do === 'read on' && stats !== undefined) tail.sightUnlinked(stats, nowMs);
    if (verdict.do === 'finish') tail.finish();
    if (verdict.do === 'read on' || verdict.do === 'finish') tails.wake(tail);
    else await this.#do(tail, verdict);
  }

  #tendLost(tail: Tail, snapshot: Snapshot): void {
    const { tails, clock, pollMs } = this.deps;
    const { place, identity, lineage, offset } = tail;
    if (place.name !== 'lost') return;
    const known: Omit<LostTail, 'isReadElsewhere'> = {
      of: 'lost tail',
      lostMs: clock.monotonicMs() - place.sinceMs,
      isAway: snapshot.deviceAt(lineage) !== (tail.homeDevice ?? identity.device),
      isUndecided: this.#undecided.has(lineage),
      isMissingText: place.size === undefined ? place.doubtful : place.size > offset,
      isTold: place.told,
      isEnded: tail.ended,
      isSpentFileThere: this.#spent.get(`${identity.device}:${identity.inode}`) === identity.birthtimeMs,
      isJournaled: tail.journaled,
      pollMs,
    };
    const elsewhere = isDue(known) ? this.#readElsewhere(tail, place.size) : undefined;
    const { verdict } = decide({ ...known, isReadElsewhere: elsewhere !== undefined });
    if (verdict.do === 'tell the gap') {
      tail.tell();
      this.#tellGap(tail, offset, place.size, place.reason);
    } else if (verdict.do === 'end') {
      tail.end();
      if (tail.moved) tails.announce(tail);
    } else if (verdict.do === 'forget' && verdict.how === 'in the journal, too') {
      tail.forget();
      tails.announce(tail);
    } else if (verdict.do === 'forget') {
      elsewhere?.standFor(tail);
      tails.remove(tail);
    }
  }

  /**
   * A tail of which nothing was read has nothing to be known by. A file as long that has been followed
   * since, and stands for no other, holds its text.
   */
  #readElsewhere(tail: Tail, size: number | undefined): Tail | undefined {
    if (tail.offset > 0) return undefined;
    for (const other of this.deps.tails.of(tail.lineage)) {
      if (other === tail || other.stands || other.place.name === 'lost' || other.bornLook < tail.bornLook) continue;
      // Unknown length: at least it must have been rotated.
      if (size === undefined && isLiveName(other.path)) continue;
      if (Math.max(other.offset, other.place.size) >= (size ?? 0) || isCompressed(other.path)) return other;
    }
    return undefined;
  }

  /** What a verdict says of the tail itself. */
  async #do(tail: Tail, verdict: Verdict): Promise<void> {
    const { tails, openFiles, clock } = this.deps;
    if (verdict.do !== 'lose' && verdict.do !== 'forget') return;
    await openFiles.release(tail);
    if (verdict.do === 'forget') return tails.remove(tail);
    const { reason, size, isDoubtful: doubtful } = verdict;
    tails.lose(tail, { reason, size, doubtful }, clock.monotonicMs());
  }

  /** Whether a file is held as a copy of this tail's. */
  #hasCopy(tail: Tail): boolean {
    return [...this.#held.values()].some(({ of }) => of === tail);
  }

  #leaveUndecided(file: FoundFile): void {
    for (const lineage of lineagesOfFile(file)) {
      const hasText = file.stats.size > 0 || this.#undecided.get(lineage) === 'with text';
      this.#undecided.set(lineage, hasText ? 'with text' : 'empty');
    }
  }

  /** Says in the log and to the collector that text is missing. */
  #tellGap(tail: Tail, fromOffset: ByteOffset, toOffset: ByteOffset | undefined, reason: LossReason): void {
    const { id: tailId, path, source } = tail;
    const facts = { path, source, tailId, fromOffset, toOffset, reason, remedy: REMEDIES[reason] };
    this.deps.report.warning('Part of a followed file is gone unread', facts);
    this.deps.notice({ kind: 'gap', source, path, tailId, fromOffset, toOffset, reason });
  }
}

/** Kernel times are coarse: among equals the one that is still written to is the youngest. */
function oldestFirst(files: readonly FoundFile[]): FoundFile[] {
  const known = files.map((file) => ({ file, live: Number(isLive(file)), ...file.stats }));
  known.sort((a, b) => a.mtimeMs - b.mtimeMs || a.live - b.live || a.birthtimeMs - b.birthtimeMs);
  return known.map(({ file }) => file);
}

/** Where a tail's file is; one that lies out of sight may have been read to its end, and be no longer than `size`. */
async function whereIs(
  { place, content, offset }: Tail,
  size: number,
): Promise<'in sight' | 'out of sight' | 'read out of sight'> {
  if (place.name === 'placed') return 'in sight';
  if (content === undefined || content.compressed || offset > size) return 'out of sight';
  const stats = await content.stat();
  // What is deleted is soon let go, and then this one goes on with the tail.
  return stats.nlink > 0 && stats.size === offset ? 'read out of sight' : 'out of sight';
}
