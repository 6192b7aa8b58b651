/**
 * `npm run bench`: what the agent costs and how fast it is, beside other programs
 * that are installed here. Each case is measured by itself and written to its
 * place in docs/benchmarks.md. A case in which a collector did not get every line
 * is refused: it leaves the page as it is, and the exit status is 1.
 */

import { syslogNgVersion } from '../test/support/syslog-ng.js';
import { type Bench, type Case, optionsOf, USAGE } from './bench.js';
import { backlog, backlogInLittleMemory } from './cases/backlog.js';
import { descriptors, strangers } from './cases/bounds.js';
import { ceiling } from './cases/ceiling.js';
import { fastPath } from './cases/fast-path.js';
import { idle } from './cases/idle.js';
import { levels } from './cases/levels.js';
import { liveRates, manyFiles, soak } from './cases/live.js';
import { profile } from './cases/profile.js';
import { growth, longLines } from './cases/sizes.js';
import { start } from './cases/start.js';
import { atna, plain, text } from './cases/throughput.js';
import { load, machine } from './parts/machine.js';
import { writeToPage } from './parts/page.js';
import { markdown, whole } from './parts/table.js';
import { type Target, targetTable } from './parts/targets.js';
import { Workplace } from './parts/workplace.js';
import { agent, agentAt } from './peers/agent.js';
import { rsyslog, rsyslogVersion } from './peers/rsyslog.js';
import { syslogNg } from './peers/syslog-ng.js';

/** The most important ones first: each is written when it has been measured, and there may not be time for all. */
const CASES: readonly Case[] = [
  ceiling,
  text,
  plain,
  liveRates,
  atna,
  idle,
  start,
  levels,
  profile,
  fastPath,
  growth,
  manyFiles,
  longLines,
  backlog,
  backlogInLittleMemory,
  descriptors,
  strangers,
  soak,
];

const options = optionsOf(process.argv.slice(2));
const unknown = options.only.filter((name) => !CASES.some((one) => one.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `${USAGE}\nThere is no case ${unknown.join(', ')}. Cases: ${CASES.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(2);
}
const chosen = CASES.filter(({ name, onlyWhenAsked }) =>
  options.only.length > 0 ? options.only.includes(name) : !onlyWhenAsked,
);

const workplace = await Workplace.open();
const bench: Omit<Bench, 'untilMs'> = {
  workplace,
  rounds: options.rounds,
  size: (full, quick, timed = full) => (options.quick ? quick : options.forMs === undefined ? full : timed),
  agents: [agent, ...(options.before === undefined ? [] : [agentAt(options.before)])],
  rsyslogs: (await rsyslogVersion()) === undefined ? [] : [rsyslog('memory'), rsyslog('disk')],
  syslogNgs: (await syslogNgVersion()) === undefined ? [] : [syslogNg('memory'), syslogNg('disk')],
  say: (progress) => process.stderr.write(`  ${progress}\n`),
};
const endMs = options.forMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + options.forMs;
const targets: Target[] = [];
try {
  publish('machine', markdown({ head: ['', ''], rows: await machine() }));
  for (const [index, one] of chosen.entries()) {
    const leftMs = endMs - performance.now();
    const shares = chosen.slice(index).reduce((sum, { share }) => sum + share, 0);
    if (leftMs > 0) await play(one, performance.now() + leftMs * (one.share / shares || 1));
    else process.stderr.write(`${one.name}: no time left\n`);
    // Of some cases alone they would leave out the others'.
    if (options.write && options.only.length === 0) writeToPage('targets', markdown(targetTable(targets)));
  }
  process.stdout.write(`## targets\n\n${markdown(targetTable(targets))}`);
} finally {
  await workplace.close();
}

async function play({ name, measure }: Case, untilMs: number): Promise<void> {
  process.stderr.write(`${name}\n`);
  const [date, before, startedAtMs] = [new Date().toISOString(), load(), performance.now()];
  try {
    const table = await measure({ ...bench, untilMs });
    const minutes = (performance.now() - startedAtMs) / 60_000;
    const when = `${date.slice(0, 10)} ${date.slice(11, 16)} UTC`;
    const size = options.quick
      ? ', small sizes (`--quick`)'
      : options.forMs === undefined
        ? ''
        : ', in a limited time (`--for`)';
    const busy = `load average ${before} before and ${load()} after`;
    const caption = `Measured ${when} in ${whole(Math.ceil(minutes))} min${size}; ${busy}.`;
    targets.push(...(table.targets ?? []));
    publish(name, `${markdown(table)}\n${table.note ? `${table.note}\n` : ''}${caption}\n`);
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : error}\n`);
  } finally {
    workplace.forgetLines();
  }
}

function publish(name: string, text: string): void {
  process.stdout.write(`## ${name}\n\n${text}\n`);
  if (options.write) writeToPage(name, text);
}
