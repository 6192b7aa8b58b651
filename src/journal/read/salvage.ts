/**
 * Handles damage when a reader meets it: scans the segment once as a whole, puts
 * each hole into the quarantine, reports what is lost, and remembers it, so that
 * readers skip it. Damage among acknowledged entries is skipped silently.
 */
import { reasonOf } from '../../lib/errors.js';
import type { Files } from '../../lib/files.js';
import type { Report } from '../../model/report.js';
import { type Checkpoint, checkpointBefore, checkpointOf, copyOf } from '../disk/checkpoint.js';
import { readSegment, readSegmentHead, type Segment, type Segments } from '../disk/segments.js';
import type { Seed } from '../format/entry.js';
import { type Hole, type Step, scanSegment } from '../format/scan.js';
import type { Damage } from '../types.js';
import { type Afterwards, type DescribedHole, describeHoles } from './damage.js';
import type { Quarantine } from './quarantine.js';

/** The end of the journal. */
export interface JournalEnd {
  /** The last synced entry, and where things stand after it. */
  readonly synced: number;
  readonly checkpoint: Checkpoint;
  /** This run has begun a segment: before, `checkpoint` is only what was found intact. */
  readonly begun: boolean;
}

export interface SalvageDependencies {
  readonly files: Files;
  readonly report: Report;
  readonly segments: Segments;
  readonly seed: Seed;
  readonly quarantine: Quarantine;
  /** Acknowledged up to this entry. */
  cursor(): number;
  end(): JournalEnd;
  notice(damage: Damage): void | Promise<void>;
  /** Damage has been told for good, so that the cursor may pass it. */
  told(): void;
}

export class Salvage {
  readonly #surveys = new Map<Segment, Promise<void>>();
  readonly #toldBefore = new Set<string>();
  /** First entries lost in damage that is not told for good. */
  readonly #untold = new Set<{ readonly firstEntry: number }>();
  #damages = 0;

  constructor(private readonly dependencies: SalvageDependencies) {}

  /** Damaged places told since the start. */
  get damages(): number {
    return this.#damages;
  }

  /** The cursor must not pass this entry yet: a crash now would lose what is about to be read again. */
  get limit(): number {
    return Math.min(...[...this.#untold].map(({ firstEntry }) => firstEntry - 1), Number.POSITIVE_INFINITY);
  }

  /** Finds every hole in `segment.holes` that is not there yet. Rejects with what the disk says. */
  survey(segment: Segment): Promise<void> {
    const running = this.#surveys.get(segment) ?? this.#survey(segment).finally(() => this.#surveys.delete(segment));
    this.#surveys.set(segment, running);
    return running;
  }

  /** Tells that the entries from `firstEntry` up to the oldest segment are gone with their files. */
  async tellMissingBefore(oldest: Segment, firstEntry: number): Promise<void> {
    const hole: Hole & { kind: 'hole' } = {
      kind: 'hole',
      offset: 0,
      end: 0,
      firstEntry,
      lastEntry: oldest.first - 1,
      legible: [],
      torn: false,
    };
    const checkpoint = await checkpointBefore(oldest, this.dependencies);
    const place = placeOf(oldest, hole);
    if (this.#toldBefore.has(place) || this.dependencies.quarantine.isTold(place)) return;
    this.#toldBefore.add(place);
    const after = checkpoint === undefined ? this.#atEnd() : { ...copyOf(checkpoint), certain: true };
    for (const described of describeHoles([hole], undefined, after)) {
      await this.#tell(described, { segment: oldest, place, bytes: Buffer.alloc(0) });
    }
  }

  async #survey(segment: Segment): Promise<void> {
    const { segments, seed, files } = this.dependencies;
    const atEnd = this.#atEnd();
    const limit = Math.min(segments.limitOf(segment), this.dependencies.end().synced + 1);
    const { end, start, first } = segment;

    const bytes = await readSegment({ path: segment.path, end }, files);
    const steps = reaching(end, bytes.length, scanSegment(bytes, { start, first, limit, seed }));
    const before = await checkpointBefore(segment, this.dependencies);
    const after = await this.#after(segment, atEnd);
    for (const described of describeHoles(steps, before, after)) {
      const { hole } = described;
      const known = segment.holes.get(hole.offset);
      if (known?.end === hole.end && known.lastEntry === hole.lastEntry) continue;
      const place = placeOf(segment, hole);
      const acknowledged = Math.max(hole.firstEntry, hole.lastEntry ?? 0) <= this.dependencies.cursor();
      if (!acknowledged && !this.dependencies.quarantine.isTold(place)) {
        await this.#tell(described, { segment, place, bytes: bytes.subarray(hole.offset, hole.end) });
      }
      segment.holes.set(hole.offset, hole);
    }
  }

  #atEnd(): Afterwards {
    const { checkpoint, begun } = this.dependencies.end();
    return { ...copyOf(checkpoint), certain: begun };
  }

  /** From the next head that is legible. A later one knows of later progress, too: that costs repeats. */
  async #after(segment: Segment, atEnd: Afterwards): Promise<Afterwards> {
    const { segments, files } = this.dependencies;
    const next = segments.after(segment);
    for (let later = next; later !== undefined; later = segments.after(later)) {
      if (later.known === undefined) continue;
      const { head } = await readSegmentHead(later.path, files);
      if (head !== undefined) return { ...checkpointOf(head), certain: later === next && !head.opensRun };
    }
    return { ...atEnd, certain: atEnd.certain && next === undefined };
  }

  async #tell(
    { hole, missing, ranges }: DescribedHole,
    { segment, place, bytes }: { segment: Segment; place: string; bytes: Buffer },
  ): Promise<void> {
    const { quarantine, report } = this.dependencies;
    if (bytes.length > 0) await quarantine.keep(place, bytes);
    const damage: Damage = {
      kind: 'damaged',
      segment: segment.path,
      offset: hole.offset,
      bytes: bytes.length,
      missing,
      ranges,
    };
    this.#damages += 1;
    report.error('The journal is damaged: what is lost is read again where the log file still has it', {
      file: segment.path,
      offset: hole.offset,
      bytes: bytes.length,
      firstEntry: hole.firstEntry,
      lastEntry: hole.lastEntry,
      ranges: ranges.length,
    });
    // Not awaited: the agent answers when its message and the lines read again are in the journal.
    void this.#untilTold(damage, { place, hole });
  }

  async #untilTold(damage: Damage, { place, hole }: { place: string; hole: Hole }): Promise<void> {
    const { quarantine, report, notice, told } = this.dependencies;
    this.#untold.add(hole);
    try {
      await notice(damage);
      await quarantine.markTold(place, damage);
    } catch (error) {
      report.warning('Damage to the journal is told again at the next start', { place, reason: reasonOf(error) });
    }
    this.#untold.delete(hole);
    told();
  }
}

/** With its extent: what begins at the same offset may be more the next time. */
function placeOf({ first }: Segment, { offset, end, lastEntry }: Hole): string {
  return `${String(first).padStart(20, '0')}-${offset}-${end}-${lastEntry}`;
}

/** When the file is shorter than what was written to it, its last hole reaches to where it should end. */
function* reaching(end: number, length: number, steps: Iterable<Step>): Generator<Step, void> {
  for (const step of steps) yield step.kind === 'hole' && step.end === length ? { ...step, end } : step;
}
