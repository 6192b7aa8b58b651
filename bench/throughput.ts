/**
 * How fast is a log file forwarded, and what does it cost? Each sender gets the
 * same file of lines and a collector that only counts; the clock runs from the
 * start of its process until its last line has arrived. The senders take turns,
 * and the middle one of several rounds counts.
 *
 *     npm run bench -- --lines 1000000 --rounds 3
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Daemon } from '../test/support/daemon.js';
import { until } from '../test/support/wait.js';
import { writeLines } from './lines.js';
import { agent } from './peers/agent.js';
import { rsyslog, rsyslogVersion } from './peers/rsyslog.js';
import type { Sender } from './peers/sender.js';
import { Sink } from './sink.js';
import { type Usage, usageOf } from './usage.js';
import { machine, Workplace } from './workplace.js';

interface Result extends Usage {
  readonly seconds: number;
}

const { values } = parseArgs({
  options: { lines: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '3' } },
});
const lines = Number(values.lines);
const rounds = Number(values.rounds);
const LIMIT_MS = 10 * 60_000;
const LOOK_MS = 20;

const workplace = await Workplace.open();
try {
  const senders = [agent, ...((await rsyslogVersion()) === undefined ? [] : [rsyslog('memory'), rsyslog('disk')])];
  const results = new Map<Sender, Result[]>(senders.map((sender) => [sender, []]));
  process.stdout.write(`${await machine()}\n\n`);
  const log = join(workplace.directory, 'audit.log');
  writeLines(log, lines);
  for (let round = 1; round <= rounds; round += 1) {
    for (const sender of senders) {
      const result = await measure(sender, log);
      results.get(sender)?.push(result);
      process.stderr.write(`round ${round}: ${sender.name} ${result.seconds.toFixed(2)} s\n`);
    }
  }
  print(results);
} finally {
  await workplace.close();
}

async function measure(sender: Sender, log: string): Promise<Result> {
  const directory = workplace.place();
  const sink = await Sink.start(workplace.pki);
  const stage = { directory, log, port: sink.port, pki: workplace.pki };
  const startedAtMs = performance.now();
  const daemon = await sender.start(stage);
  try {
    // Ours sends a message of its own first; the last line is behind it all the same.
    const wanted = sender === agent ? lines + 1 : lines;
    await until(() => sink.messages >= wanted, { what: `${sender.name} to send`, timeoutMs: LIMIT_MS });
    const seconds = (performance.now() - startedAtMs) / 1000;
    const cost = costUntil(daemon);
    // What is still to be done for these lines belongs to their cost: the last acknowledgement, the end.
    await sender.end(daemon, stage);
    const usage = await cost;
    if (usage === undefined) throw new Error(`${sender.name} ended by itself`);
    return { seconds, ...usage };
  } finally {
    await daemon.stop();
    await sink.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The last that is known of a process's cost when it has ended. */
async function costUntil(daemon: Daemon): Promise<Usage | undefined> {
  let last = usageOf(daemon.pid);
  for (let now = last; now !== undefined; now = usageOf(daemon.pid)) {
    last = now;
    await sleep(LOOK_MS);
  }
  return last;
}

function print(results: ReadonlyMap<Sender, readonly Result[]>): void {
  const rows = [...results].map(([{ name }, all]) => ({ name, ...middle(all) }));
  const ours = rows[0]!;
  const text = rows.map(({ name, seconds, cpuSeconds, peakRssBytes }) =>
    [
      name,
      whole(lines / seconds),
      ((cpuSeconds * 1_000_000) / lines).toFixed(1),
      `${whole(peakRssBytes / 1024 / 1024)} MiB`,
      `${(ours.seconds / seconds).toFixed(2)}`,
    ].join(' | '),
  );
  process.stdout.write(
    `| ${whole(lines)} lines, middle of ${rounds} | messages/s | CPU s a million | peak RSS | speed against ours |\n` +
      `| --- | --- | --- | --- | --- |\n${text.map((row) => `| ${row} |\n`).join('')}`,
  );
}

function middle(all: readonly Result[]): Result {
  return [...all].sort((one, other) => one.seconds - other.seconds)[Math.floor(all.length / 2)]!;
}

function whole(number: number): string {
  return Math.round(number).toLocaleString('en').replaceAll(',', ' ');
}
