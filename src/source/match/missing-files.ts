/**
 * What becomes of tails whose file is out of sight. A deleted file is read to
 * its end through the open descriptor and then released; a tail without a file
 * is kept in mind for a copy that may still appear, then told of, if text is
 * missing, and at last forgotten.
 */
import type { Clock } from '../../lib/clock.js';
import type { ByteOffset } from '../../model/position.js';
import type { Report } from '../../model/report.js';
import { isCompressed, isLiveName } from '../find/rotated-name.js';
import type { View } from '../find/snapshot.js';
import type { Descriptors } from '../read/open-files.js';
import { type Lost, stampOf, type Tail } from '../read/tail.js';
import type { Tails } from '../read/tail-registry.js';
import type { LossReason, Notice } from '../types.js';

export interface AbsenceOptions {
  /** How long a deleted file may not have changed before it is released. */
  readonly quietMs: number;
  /** Whether another file holds the same text, and will be taken up when this one is released. */
  readonly hasCopy: (tail: Tail) => boolean;
  /** Whether a file of the lineage may yet turn out to be what a lost tail goes on in. */
  readonly isUndecided: (lineage: string) => boolean;
}

export interface AbsenceDependencies {
  readonly tails: Tails;
  readonly descriptors: Descriptors;
  readonly clock: Clock;
  readonly report: Report;
  readonly notice: (notice: Notice) => void;
}

// A file moved out of sight can be written to until its writer opens a new one.
const HIDDEN_MS = 600_000;
// gzip of a large file, or a move to another volume, takes its time.
const FORGET_MS = 600_000;
// While its directory or volume is away, so is the file: neither missing nor gone.
const AWAY_TOLD_MS = 3_600_000;
const AWAY_FORGET_MS = 7 * 86_400_000;

const KEEP = 'keep rotated files for longer; openemr-audit-forwarder check says for how long unread lines stay';
const REMEDIES: Readonly<Record<LossReason, string>> = {
  truncated: 'let logrotate use create instead of copytruncate where the writer allows it',
  overwritten: 'let whoever writes the log add to it, not write it anew',
  deleted: KEEP,
  'rotated-away': KEEP,
};

export class Absence {
  constructor(
    readonly deps: AbsenceDependencies,
    readonly options: AbsenceOptions,
  ) {}

  /** `lookedMs`: when the look began (monotonic). What was lost since then may go on in a file that it has not seen. */
  async tend(view: View, lookedMs: number): Promise<void> {
    for (const tail of [...this.deps.tails.all]) {
      const { place } = tail;
      if (place.name === 'placed') tail.homeDevice = view.deviceAt(tail.lineage);
      if (place.name === 'unlinked') await this.#tendUnlinked(tail);
      if (place.name === 'lost' && place.sinceMs < lookedMs && !tail.gone) this.#tendLost(tail, place, view);
    }
  }

  /** Nothing will be read any more: what is unread of a file out of sight is told now, while its size is known. */
  leave(tail: Tail): void {
    if (tail.place.name === 'unlinked' && this.isLeftUnread(tail))
      this.tellGap(tail, tail.offset, tail.place.size, 'deleted');
  }

  /** Nothing but its descriptor leads to the rest of its text. */
  isLeftUnread(tail: Tail): boolean {
    const { place, offset, ended } = tail;
    return place.name === 'unlinked' && !ended && place.size > offset && !this.options.hasCopy(tail);
  }

  async #tendUnlinked(tail: Tail): Promise<void> {
    const { tails, descriptors, clock } = this.deps;
    if (tail.place.name !== 'unlinked') return;
    const nowMs = clock.monotonicMs();
    // Released to make room: nothing is left to read it through.
    if (tail.content === undefined) return this.#letGo(tail, tail.place.size, nowMs);
    const stats = await tail.content.stat();
    if (stampOf(stats) !== tail.place.stamp) {
      if (stats.size !== tail.place.size) tail.finished = false;
      tail.place = { ...tail.place, size: stats.size, stamp: stampOf(stats), sinceMs: nowMs };
      tails.wake(tail);
      return;
    }
    if (tail.ready || nowMs - tail.place.sinceMs < (stats.nlink === 0 ? this.options.quietMs : HIDDEN_MS)) return;
    if (!tail.finished && !this.options.hasCopy(tail)) {
      // A last line without newline is as whole now as it will ever be.
      tail.finished = true;
      tails.wake(tail);
      return;
    }
    await descriptors.release(tail);
    this.#letGo(tail, tail.provenSize, nowMs);
  }

  #letGo(tail: Tail, size: ByteOffset | undefined, nowMs: number): void {
    const { tails } = this.deps;
    // It has read nothing of its own: what stands before its offset is another tail's.
    if (!tail.journaled && tail.offset > 0) tails.remove(tail);
    else tails.lose(tail, 'deleted', size, false, nowMs);
  }

  #tendLost(tail: Tail, place: Lost, view: View): void {
    const { tails, clock } = this.deps;
    const away = view.deviceAt(tail.lineage) !== (tail.homeDevice ?? tail.identity.device);
    const ageMs = clock.monotonicMs() - place.sinceMs;
    const patienceMs = away ? AWAY_TOLD_MS : 2 * this.options.quietMs;
    const undecided = ageMs < FORGET_MS && this.options.isUndecided(tail.lineage);
    const missing = place.size === undefined ? place.doubtful : place.size > tail.offset;
    if (missing && !place.told && ageMs >= patienceMs && !undecided) {
      tail.place = { ...place, told: true };
      this.#tell(tail, place);
    }
    if (!missing || place.told) this.#end(tail);
    if (ageMs < (away ? AWAY_FORGET_MS : FORGET_MS)) return;
    if (tail.journaled) {
      tail.gone = true;
      tails.announce(tail);
    } else tails.remove(tail);
  }

  #end(tail: Tail): void {
    tail.end();
    if (tail.moved) this.deps.tails.announce(tail);
  }

  #tell(tail: Tail, { reason, size }: Lost): void {
    if (this.#isRead(tail, size)) this.deps.tails.remove(tail);
    else this.tellGap(tail, tail.offset, size, reason);
  }

  /**
   * A tail of which nothing was read has nothing to be known by. A file as long that has been followed
   * since, and stands for no other, holds its text.
   */
  #isRead(tail: Tail, size: number | undefined): boolean {
    if (tail.offset > 0) return false;
    for (const other of this.deps.tails.of(tail.lineage)) {
      if (other === tail || other.stands || other.place.name === 'lost' || other.bornLook < tail.bornLook) continue;
      // Unknown length: at least it must have been rotated.
      if (size === undefined && isLiveName(other.path)) continue;
      if (Math.max(other.offset, other.place.size) < (size ?? 0) && !isCompressed(other.path)) continue;
      other.stands = true;
      return true;
    }
    return false;
  }

  /** Says in the log and to the collector that text is missing. */
  tellGap(tail: Tail, fromOffset: ByteOffset, toOffset: ByteOffset | undefined, reason: LossReason): void {
    const { id: tailId, path, source } = tail;
    this.deps.report.warning('Part of a followed file is gone unread', {
      path,
      source,
      tailId,
      fromOffset,
      toOffset,
      reason,
      remedy: REMEDIES[reason],
    });
    this.deps.notice({ kind: 'gap', source, path, tailId, fromOffset, toOffset, reason });
  }
}
