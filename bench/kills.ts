/**
 * What is lost when a collector freezes for half a second and is killed, four
 * times, while lines come in at a steady rate? Each sender follows the same
 * kind of file; afterwards the numbers in what the collectors stored are
 * counted by this script alone. By hand, after `npm run build`:
 *
 *     node dist/bench/kills.js --lines 200000 --rate 10000
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { storedIn } from '../test/support/delivered.js';
import { freePort } from '../test/support/free-port.js';
import { HostileProcess } from '../test/support/hostile-process.js';
import { until } from '../test/support/wait.js';
import { appendLines, numberIn } from './parts/lines.js';
import { machineLine } from './parts/machine.js';
import { Workplace } from './parts/workplace.js';
import { agent } from './peers/agent.js';
import { rivals } from './peers/rivals.js';
import type { Sender } from './peers/sender.js';

const { values } = parseArgs({
  options: { lines: { type: 'string', default: '200000' }, rate: { type: 'string', default: '10000' } },
});
const lines = Number(values.lines);
const rate = Number(values.rate);
const KILLS_AT = [0.2, 0.4, 0.6, 0.8];
const FROZEN_MS = 500;
/** Nothing new for this long, and nothing more will come: the longest backoff of any of the senders is shorter. */
const QUIET_MS = 40_000;
const LIMIT_MS = 10 * 60_000;

interface Count {
  readonly different: number;
  readonly copies: number;
}

const workplace = await Workplace.open();
try {
  process.stdout.write(`${await machineLine()}\n\n`);
  process.stdout.write(`| ${lines} lines at ${rate}/s, 4 kills | lost | repeated |\n| --- | --- | --- |\n`);
  for (const sender of [agent, ...(await rivals())]) {
    const { different, copies } = await play(sender);
    process.stdout.write(`| ${sender.name} | ${lines - different} | ${copies - different} |\n`);
  }
} finally {
  await workplace.close();
}

async function play(sender: Sender): Promise<Count> {
  const directory = workplace.place();
  const stored = join(directory, 'stored.frames');
  const stage = { directory, log: join(directory, 'audit.log'), port: await freePort(), pki: workplace.pki };
  writeFileSync(stage.log, '');
  let collector = await collect(stored, stage.port);
  const daemon = await sender.start(stage);
  try {
    let written = 0;
    const writing = appendLines(stage.log, lines, rate, (total) => {
      written = total;
    });
    for (const share of KILLS_AT) {
      await until(() => written >= share * lines, { what: 'lines to be written', timeoutMs: LIMIT_MS });
      collector.signal('SIGSTOP');
      await sleep(FROZEN_MS);
      await collector.stop();
      collector = await collect(stored, stage.port);
    }
    await writing;
    return await settled(stored);
  } finally {
    await daemon.stop();
    await collector.stop();
  }
}

function collect(file: string, port: number): Promise<HostileProcess> {
  const { ca, collector } = workplace.pki;
  const identities = [{ cert: collector.cert, key: collector.key }];
  return HostileProcess.start({ ca, identities, behaviour: {}, store: { file, as: 'frames' }, port });
}

/** What is stored once all is there, or once nothing more comes. */
async function settled(file: string): Promise<Count> {
  let count = countIn(file);
  let changedAtMs = performance.now();
  await until(
    () => {
      const now = countIn(file);
      if (now.copies !== count.copies) changedAtMs = performance.now();
      count = now;
      return count.different === lines || performance.now() - changedAtMs > QUIET_MS;
    },
    { what: 'the collector to have everything', timeoutMs: LIMIT_MS, everyMs: 1_000 },
  );
  return count;
}

function countIn(file: string): Count {
  const seen = new Set<number>();
  let copies = 0;
  for (const message of storedIn(file)) {
    const number = numberIn(message);
    if (number === undefined) continue;
    copies += 1;
    seen.add(number);
  }
  return { different: seen.size, copies };
}
