/**
 * Repairs damage in the journal: what the log files still have of it is read again,
 * under new numbers and with the same identity. Until all of it is on disk, the
 * journal reports the damage again at every start.
 */
import type { SourceConfig } from '../config/config.js';
import type { Damage } from '../journal/types.js';
import type { Context } from '../lib/context.js';
import { AgentError, reasonOf } from '../lib/errors.js';
import type { TailId } from '../model/position.js';
import { reread } from '../source/read/reread.js';
import type { Ingest } from './ingest.js';

export interface RefillContext extends Pick<Context, 'clock' | 'files' | 'report' | 'problems'> {
  readonly ingest: Pick<Ingest, 'again'>;
  /** Resolves when all that was put into the journal is on disk. */
  readonly flushed: () => Promise<void>;
  readonly sources: readonly SourceConfig[];
  /** Where the tail is now; `undefined` when it is not followed any more. */
  readonly pathOf: (tailId: TailId) => string | undefined;
  readonly stop: AbortSignal;
}

const AGAIN_MS = 1_000;

/** Rejects when the agent stops before all is done. */
export async function refill(damage: Damage, context: RefillContext): Promise<void> {
  const { flushed, clock, report, stop } = context;
  while (!stop.aborted) {
    try {
      const bytes = await readRanges(damage, context);
      await flushed();
      if (damage.ranges.length > 0) report.notice('What the journal had lost was read again', { bytes });
      return;
    } catch (error) {
      report.debug('Reading again what the journal had lost is tried again', { reason: reasonOf(error) });
      await clock.sleep(AGAIN_MS, stop);
    }
  }
  throw new AgentError('stopped', 'the agent stops before what the journal had lost was read again');
}

async function readRanges({ ranges }: Damage, context: RefillContext): Promise<number> {
  const { ingest, sources, pathOf, clock, files, problems } = context;
  let bytes = 0;
  for (const range of ranges) {
    const source = sources.find(({ name }) => name === range.position.source);
    const before = bytes;
    const paths = [...new Set([pathOf(range.tailId), range.path].filter((path) => path !== undefined))];
    const options = { paths, files, nowMs: () => clock.nowMs(), maxLineBytes: source?.maxLineBytes ?? 0 };
    if (source !== undefined) {
      for await (const chunk of reread(range, options)) {
        await ingest.again(chunk);
        bytes += chunk.bytes.length;
      }
    }
    if (bytes === before && range.to !== range.from) {
      problems.happened({
        key: `refill ${range.path}`,
        level: 'error',
        message: 'What the journal had lost is no longer in any log file',
        facts: { file: range.path, from: range.from, to: range.to },
      });
    }
  }
  return bytes;
}
