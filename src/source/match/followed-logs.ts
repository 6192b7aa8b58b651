/**
 * Which logs are followed, and which rotated files of theirs are unread: those
 * that are younger than what is known of the log, or all of them when nothing
 * of it has been read yet and its source starts at the beginning.
 */
import { basename } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { isLiveName, lineagesOfFile, logOf } from '../find/rotated-name.js';
import type { FoundFile, Snapshot } from '../find/snapshot.js';
import type { Tail } from '../read/tail.js';
import type { Tails } from '../read/tail-registry.js';

export interface FollowedLogsDependencies {
  readonly sources: ReadonlyMap<string, { readonly startAt: 'beginning' | 'end' }>;
  readonly tails: Tails;
  readonly clock: Clock;
}

interface FollowedLog {
  readonly source: string;
  /** The modification time after which a rotated file that is not known is an unread one. */
  readonly unreadAfterMs: number;
}

// Kernel ticks: a file may bear a time slightly before the moment at which it was written.
const TICK_MS = 10;

export class FollowedLogs {
  /** By lineage. */
  readonly #logs = new Map<string, FollowedLog>();

  constructor(readonly deps: FollowedLogsDependencies) {}

  /** Called once a look, when the known tails have found their files. */
  remember(snapshot: Snapshot): void {
    const { sources, tails, clock } = this.deps;
    for (const [lineage, generations] of tails.lineages) {
      const [tail] = generations;
      if (tail === undefined || this.#logs.has(lineage)) continue;
      this.#logs.set(lineage, { source: tail.source, unreadAfterMs: lastKnownMs(generations, snapshot) });
    }
    const file = new Set<string>();
    for (const { names } of snapshot.files.values()) {
      const [name] = names;
      const lineage = logOf(name);
      if (!name.matched) continue;
      file.add(lineage);
      if (this.#logs.has(lineage)) continue;
      // Nothing is known of this log: nothing of it has been read, however long it has been rotating.
      const isFromBeginning = sources.get(name.source)?.startAt === 'beginning';
      const unreadAfterMs = isFromBeginning ? Number.NEGATIVE_INFINITY : clock.nowMs() - TICK_MS;
      this.#logs.set(lineage, { source: name.source, unreadAfterMs });
    }
    for (const lineage of this.#logs.keys()) {
      if (!file.has(lineage) && !tails.lineages.has(lineage)) this.#logs.delete(lineage);
    }
  }

  /** Whether a file that no pattern matches is a rotated one with unread text. */
  isUnreadGeneration(file: FoundFile): boolean {
    const [name] = file.names;
    const lineage = this.lineageOf(file);
    const log = this.#logs.get(lineage);
    if (log !== undefined) return lineage !== (name.real ?? name.path) && file.stats.mtimeMs > log.unreadAfterMs;
    // It bears no log's name, but lies where the rotated files of this source do.
    const times = [...this.#logs.values()].filter(({ source }) => source === name.source);
    return name.anyName === true && times.some(({ unreadAfterMs }) => file.stats.mtimeMs > unreadAfterMs);
  }

  /** The followed log that the file belongs to, if there is one, or what its own name says. */
  lineageOf(file: FoundFile): string {
    const [name] = file.names;
    const lineages = [...lineagesOfFile(file)];
    const followed = lineages.find((lineage) => this.#logs.has(lineage));
    if (followed !== undefined) return followed;
    if (!name.anyName) return logOf(name);
    // Elsewhere, but named like a followed log; or the source has one log only.
    const names = new Set(lineages.map((lineage) => basename(lineage)));
    const own = [...this.#logs].flatMap(([lineage, { source }]) => (source === name.source ? lineage : []));
    return own.find((lineage) => names.has(basename(lineage))) ?? (own.length === 1 ? own[0]! : logOf(name));
  }
}

/** What was read is known as long as it lies there: an unknown generation younger than a known one is unread. */
function lastKnownMs(generations: ReadonlySet<Tail>, snapshot: Snapshot): number {
  const timesMs = [...generations].flatMap((tail) => lastSeenMs(tail, snapshot) ?? []);
  if (timesMs.length > 0) return Math.min(...timesMs);
  return Math.max(...[...generations].map(({ identity }) => identity.birthtimeMs)) - TICK_MS;
}

/** Until when all that stood beside a tail's file had been seen; `undefined` when the file is out of sight. */
function lastSeenMs({ place, path, first }: Tail, snapshot: Snapshot): number | undefined {
  const file = place.name === 'placed' ? snapshot.files.get(place.key) : undefined;
  if (file === undefined) return undefined;
  // The log itself may have been written to, copied and truncated since.
  const { mtimeMs } = first.identity;
  return isLiveName(path) && mtimeMs !== undefined ? mtimeMs : file.stats.mtimeMs - TICK_MS;
}
