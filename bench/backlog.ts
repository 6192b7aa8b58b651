/**
 * A collector that was away for long: how much memory a backlog costs, how soon
 * the agent is at work again after a restart, whether lines that are written
 * meanwhile are still read, and what stays on the disk in the end.
 *
 *    node dist/bench/backlog.js [--lines 3500000]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { AgentState } from '../src/agent/state.js';
import type { Daemon } from '../test/support/daemon.js';
import { freePort } from '../test/support/free-port.js';
import { until } from '../test/support/wait.js';
import { appendLines, writeLines } from './lines.js';
import { agent } from './peers/agent.js';
import { terminate } from './peers/sender.js';
import { Sink } from './sink.js';
import { usageOf } from './usage.js';
import { machine, Workplace } from './workplace.js';

const PATIENCE = { timeoutMs: 4 * 3_600_000, everyMs: 250 };
/** While the backlog goes out, so many lines come in a second. */
const LIVE_PER_SECOND = 500;

const { values } = parseArgs({ options: { lines: { type: 'string', default: '3500000' } } });

const workplace = await Workplace.open();
try {
  await measure(Number(values.lines));
} finally {
  await workplace.close();
}

async function measure(count: number): Promise<void> {
  console.log(await machine());
  const { pki } = workplace;
  const directory = workplace.place();
  const [log, journal, port] = [join(directory, 'audit.log'), join(directory, 'journal'), await freePort()];
  const stage = { directory, log, port, pki };
  const state = () => JSON.parse(readFileSync(join(journal, 'status.json'), 'utf8')) as AgentState;
  writeLines(log, count);

  let startedAtMs = performance.now();
  let running = await start(stage, state);
  await until(() => state().counts.lines >= count && state().journal.messagesWaiting >= count, {
    ...PATIENCE,
    what: 'all lines to be in the journal',
  });
  console.log(
    `${count} lines, ${megabytes(state().journal.bytes)} of journal: ${memory(running)}, ${since(startedAtMs)}`,
  );
  await terminate(running);

  startedAtMs = performance.now();
  running = await start(stage, state);
  console.log(`started again with all of it: at work after ${since(startedAtMs)}`);
  await sleep(5_000);
  console.log(`five seconds later: ${memory(running)}`);

  const sink = await Sink.start(pki, port);
  const live = new AbortController();
  const drainedAtMs = performance.now();
  let [lag, total] = [0, 0];
  const writing = appendLines(log, Number.POSITIVE_INFINITY, LIVE_PER_SECOND, (written) => {
    total = written;
    lag = Math.max(lag, ...state().files.map(({ lagBytes = 0 }) => lagBytes));
    if (live.signal.aborted) throw live.signal;
  }).catch(() => undefined);
  await until(() => state().delivery.acknowledged >= count, { ...PATIENCE, what: 'the backlog to be acknowledged' });
  console.log(
    `acknowledged after ${since(drainedAtMs)}: ${memory(running)}, at most ${lag} octets of ${total} new lines not read`,
  );
  live.abort();
  await writing;
  await until(() => state().journal.entriesWaiting === 0, { ...PATIENCE, what: 'the rest' });
  await terminate(running);
  await sink.stop();
  console.log(`in the end: ${execFileSync('du', ['-sh', journal]).toString().split('\t')[0]} on disk`);
}

/** Resolves when it has left its own state. */
async function start(stage: Parameters<typeof agent.start>[0], state: () => AgentState): Promise<Daemon> {
  const daemon = await agent.start(stage);
  const isAtWork = () => {
    try {
      return state().pid === daemon.pid;
    } catch {
      return false;
    }
  };
  await until(isAtWork, { ...PATIENCE, everyMs: 5, what: 'the agent to be at work' });
  return daemon;
}

function memory({ pid }: Daemon): string {
  return `at most ${megabytes(usageOf(pid)?.peakRssBytes ?? 0)} of memory`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

function since(atMs: number): string {
  return `${((performance.now() - atMs) / 1000).toFixed(1)} s`;
}
