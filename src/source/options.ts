/** What sources are made with: where the files are, and what is given of the world. */
import type { Clock } from '../lib/clock.js';
import type { Report } from '../model/report.js';
import type { HeldFile } from './held-file.js';
import type { Notice } from './notice.js';
import type { WakeFactory } from './wake.js';

export interface SourceOptions {
  readonly name: string;
  readonly paths: readonly string[];
  readonly exclude: readonly string[];
  readonly startAt: 'beginning' | 'end';
  readonly rotated: readonly string[];
  readonly partialLineTimeoutMs: number;
  readonly maxLineBytes: number;
}

export interface SourcesDependencies {
  readonly clock: Clock;
  readonly report: Report;
  /** Text that is gone unread, to be told to the collector. */
  readonly notice: (notice: Notice) => void;
  /** A random 64-bit id in 16 hex digits. */
  readonly newTailId: () => string;
  /** Names of the sources that have run before: `startAt: end` is over for them. Default: those with a known position. */
  readonly startedBefore?: ReadonlySet<string>;
  /** Files that an earlier Sources has left open. */
  readonly held?: readonly HeldFile[];
  /** Default: 128, or less when the process may open few. */
  readonly maxOpenFiles?: number;
  /** Default 5000. */
  readonly pollMs?: number;
  /** Default: inotify by chokidar. */
  readonly wake?: WakeFactory;
}
