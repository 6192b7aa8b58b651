/** What a writer is given: where the journal stands, and whom it tells. */
import type { Clock } from '../lib/clock.js';
import type { Report } from '../model/report.js';
import type { Queued } from './commit-queue.js';
import type { Standing } from './disk/checkpoint.js';
import type { Files } from './disk/files.js';
import type { Layout } from './disk/layout.js';
import type { Segments } from './disk/segments.js';
import type { Seed } from './format/entry.js';

export interface WriterOptions {
  readonly id: string;
  readonly seed: Seed;
  readonly layout: Layout;
  readonly segmentBytes: number;
  readonly nextEntry: number;
  readonly standing: Standing;
}

export interface WriterDependencies {
  readonly files: Files;
  readonly clock: Clock;
  readonly report: Report;
  readonly segments: Segments;
  /** This group is on disk. */
  synced(group: readonly Queued[]): void;
  /** A new segment has begun. */
  rolled(): void;
  /** A write has failed. True when there is room again, so that the next may not. */
  giveWay(cause: unknown): Promise<boolean>;
}
