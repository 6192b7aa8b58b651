/**
 * One run of one sender: a file that is complete when it starts, a collector
 * that notes every line, and the cost of the sender's process from its start to
 * its end. The clock runs until the last line has arrived; what is still to be
 * done for these lines, as the last acknowledgement, belongs to their cost.
 *
 * A run in which a line does not arrive has no figures: it is refused.
 */
import { rmSync } from 'node:fs';
import type { Daemon } from '../../test/support/daemon.js';
import { until } from '../../test/support/wait.js';
import type { AgentStage, Sender } from '../peers/sender.js';
import { Collector, type Counts, type Level, type Mark } from './collector.js';
import { type Usage, usageNow, usageOf, usageUntilEnd } from './usage.js';
import type { Workplace } from './workplace.js';

export interface Job {
  readonly log: string;
  /** In all files that `log` names. */
  readonly lines: number;
  readonly mark?: Mark;
  readonly level?: Level;
  readonly agent?: AgentStage;
  /** Ends the run after this time, complete or not: for a sender that may never get there. */
  readonly atMostMs?: number;
  /** Does not wait for the last acknowledgement. */
  readonly killAtEnd?: boolean;
}

export interface Run extends Usage {
  readonly seconds: number;
  readonly counts: Counts;
}

const STALLED_MS = 60_000;
const LOOK_MS = 20;

export async function forward(workplace: Workplace, sender: Sender, job: Job): Promise<Run> {
  const directory = workplace.place();
  const { pki } = workplace;
  const collector = await Collector.start(pki, job);
  const stage = { ...job, directory, port: collector.port, pki };
  const startedAtMs = performance.now();
  const daemon = await sender.start(stage);
  try {
    const isComplete = await arrival(collector, sender, daemon, job);
    const seconds = (performance.now() - startedAtMs) / 1000;
    if (!isComplete || job.killAtEnd) return { seconds, counts: collector.counts, ...usageNow(daemon.pid) };
    const usage = usageUntilEnd(daemon.pid);
    await sender.end(daemon, stage);
    return { seconds, counts: collector.counts, ...(await usage) };
  } finally {
    await daemon.stop();
    await collector.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Did all lines come? Throws when nothing comes any more. */
export async function arrival(
  collector: Collector,
  { name }: Pick<Sender, 'name'>,
  { pid }: Pick<Daemon, 'pid'>,
  { lines, atMostMs = Number.POSITIVE_INFINITY }: Pick<Job, 'lines' | 'atMostMs'>,
): Promise<boolean> {
  const startedAtMs = performance.now();
  let [before, changedAtMs] = [0, startedAtMs];
  return until(
    () => {
      const now = collector.counts.lines;
      if (now >= lines) return 'complete';
      const atMs = performance.now();
      if (atMs - startedAtMs > atMostMs) return 'cut off';
      if (now !== before) [before, changedAtMs] = [now, atMs];
      const isGone = usageOf(pid) === undefined;
      if (isGone || atMs - changedAtMs > STALLED_MS) {
        throw new Error(
          `refused: of ${lines} lines, ${now} arrived; ${name} ${isGone ? 'has ended' : 'sends no more'}`,
        );
      }
      return false;
    },
    { what: `the lines of ${name}`, timeoutMs: 24 * 3_600_000, everyMs: LOOK_MS },
  ).then((end) => end === 'complete');
}
