/**
 * A collector that was away for long: how much memory a backlog costs, how soon
 * the agent is at work again after a restart, whether lines that are written
 * meanwhile are still read, and what stays on the disk in the end. The same with
 * as little memory as a unit may allow.
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Daemon } from '../../test/support/daemon.js';
import { freePort } from '../../test/support/free-port.js';
import { until } from '../../test/support/wait.js';
import type { Bench, Case } from '../bench.js';
import { Collector } from '../parts/collector.js';
import { arrival } from '../parts/forward.js';
import { appendLines, writeLines } from '../parts/lines.js';
import { MemoryLimit } from '../parts/memory-limit.js';
import { megabytes, type Table, whole } from '../parts/table.js';
import { usageOf } from '../parts/usage.js';
import { type Agent, journalOf, stateOf } from '../peers/agent.js';
import { terminate } from '../peers/sender.js';

/** While the backlog goes out, so many lines come in a second. */
const LIVE_PER_SECOND = 500;
const PATIENCE = { timeoutMs: 4 * 3_600_000, everyMs: 100 };
const MEMORY_MAX = 96 * 1024 * 1024;

export const backlog: Case = {
  name: 'backlog',
  share: 100,
  measure: async (bench) => {
    const lines = bench.size(3_500_000, 200_000);
    return table(bench, lines, (agent) => play(bench, agent, lines, []));
  },
};

export const backlogInLittleMemory: Case = {
  name: 'backlog-96m',
  share: 70,
  measure: async (bench) => {
    const lines = bench.size(7_000_000, 200_000, 3_500_000);
    return table(bench, lines, async (agent) => {
      const limit = MemoryLimit.make(MEMORY_MAX);
      if (limit === undefined) return ['no control group for memory can be made here'];
      try {
        return await play(bench, agent, lines, limit.inside);
      } catch (error) {
        if (limit.kills === 0) throw error;
        return [`**killed by the kernel** ${error instanceof Error ? error.message : ''}`];
      } finally {
        limit.remove();
      }
    });
  },
};

async function table(bench: Bench, lines: number, play: (agent: Agent) => Promise<string[]>): Promise<Table> {
  const rows: string[][] = [];
  for (const agent of bench.agents) {
    const cells = await play(agent);
    rows.push([agent.name, ...cells, ...Array<string>(HEAD.length - cells.length).fill('–')]);
    bench.say(agent.name);
  }
  return {
    head: ['sender', ...HEAD],
    rows,
    note: `${whole(lines)} lines of text while no collector is available; then a restart; then a collector, while ${LIVE_PER_SECOND} lines a second are written.`,
  };
}

const HEAD = [
  'journal',
  'written in',
  'at work after a restart',
  'sent in',
  'RSS at most: writing, sending',
  'of the new lines unread, at most',
  'on disk in the end',
];

async function play({ workplace }: Bench, agent: Agent, lines: number, inside: readonly string[]): Promise<string[]> {
  const { pki } = workplace;
  const directory = workplace.place();
  const stage = { directory, log: join(directory, 'audit.log'), port: await freePort(), pki, agent: { inside } };
  writeLines(stage.log, lines);
  let daemon = await agent.start(stage);
  try {
    const written = await journalled(daemon, stage, lines);
    const writing = peakOf(daemon);
    const journal = stateOf(stage).journal.bytes;
    await terminate(daemon);

    const restartedAtMs = performance.now();
    daemon = await agent.start(stage);
    await until(() => isAtWork(daemon, stage), { ...PATIENCE, everyMs: 5, what: 'the agent to be at work' });
    const restart = since(restartedAtMs);

    const sent = await drain(agent, daemon, stage, lines);
    const sending = peakOf(daemon);
    await terminate(daemon);
    const left = execFileSync('du', ['-s', '--block-size=1', journalOf(stage)]).toString();
    return [
      megabytes(journal),
      written,
      restart,
      sent.took,
      `${writing}, ${sending}`,
      `${whole(sent.lagBytes / 1000)} kB`,
      megabytes(Number.parseInt(left, 10)),
    ];
  } finally {
    await daemon.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

type BacklogStage = Parameters<Agent['start']>[0];

async function journalled(daemon: Daemon, stage: BacklogStage, lines: number): Promise<string> {
  const startedAtMs = performance.now();
  const isDone = () => {
    if (!isAtWork(daemon, stage)) return false;
    const { counts, journal } = stateOf(stage);
    return counts.lines >= lines && journal.messagesWaiting >= lines;
  };
  await until(isDone, { ...PATIENCE, what: 'all lines to be in the journal' });
  return since(startedAtMs);
}

async function drain(agent: Agent, daemon: Daemon, stage: BacklogStage, lines: number) {
  const collector = await Collector.start(stage.pki, { port: stage.port });
  const startedAtMs = performance.now();
  const live = new AbortController();
  let lagBytes = 0;
  const writing = appendLines(stage.log, Number.POSITIVE_INFINITY, LIVE_PER_SECOND, () => {
    lagBytes = Math.max(lagBytes, ...stateOf(stage).files.map((file) => file.lagBytes ?? 0));
    if (live.signal.aborted) throw live.signal;
  }).catch(() => undefined);
  try {
    await arrival(collector, agent, daemon, { lines });
    await until(() => isAtWork(daemon, stage) && stateOf(stage).delivery.acknowledged >= lines, {
      ...PATIENCE,
      what: 'the backlog to be acknowledged',
    });
    const took = since(startedAtMs);
    live.abort();
    await writing;
    await until(() => stateOf(stage).journal.entriesWaiting === 0, { ...PATIENCE, what: 'the rest' });
    return { took, lagBytes };
  } finally {
    live.abort();
    await collector.stop();
  }
}

/** Throws when its process is gone. */
function isAtWork(daemon: Daemon, stage: BacklogStage): boolean {
  if (usageOf(daemon.pid) === undefined) throw new Error(`in the middle of ${whole(linesIn(stage))} lines`);
  try {
    return stateOf(stage).pid === daemon.pid;
  } catch {
    return false;
  }
}

function linesIn(stage: BacklogStage): number {
  try {
    return stateOf(stage).counts.lines;
  } catch {
    return 0;
  }
}

function peakOf({ pid }: Daemon): string {
  return megabytes(usageOf(pid)?.peakRssBytes ?? 0);
}

function since(atMs: number): string {
  return `${((performance.now() - atMs) / 1000).toFixed(1)} s`;
}
