/** What does a start cost, until systemd has been told READY=1? And `status`, which an administrator or a monitor calls? */
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePort } from '../../test/support/free-port.js';
import { runProgram } from '../../test/support/program.js';
import { until } from '../../test/support/wait.js';
import { type Bench, type Case, inTurns, roundsOf } from '../bench.js';
import { figure, leastAndMedian } from '../parts/table.js';
import { cpuOfEndedChildren, type Usage, usageOf } from '../parts/usage.js';
import { type Agent, packaged } from '../peers/agent.js';
import { terminate } from '../peers/sender.js';

interface Cost {
  readonly cpuSeconds: number;
  readonly seconds: number;
}

export const start: Case = {
  name: 'start',
  share: 40,
  measure: async (bench) => {
    const rounds = 2 * bench.rounds + 1;
    const [ours, ...others] = bench.agents;
    const agents = [ours!, await packaged(bench.workplace.place()), ...others];
    const results = await inTurns({ ...bench, rounds }, agents, (agent) => play(bench, agent));
    const installed = results.get(agents[1]!) ?? [];
    const nothing = await costOfNode(agents[1]!);
    const columns = (costs: readonly Cost[]) => [
      leastAndMedian(costs.map(({ cpuSeconds }) => cpuSeconds)),
      leastAndMedian(costs.map(({ seconds }) => seconds)),
    ];
    return {
      head: ['program', '`run` to READY=1, CPU s', 's', '`status`, CPU s', 's'],
      rows: [...results].map(([{ name }, runs]) => [
        name,
        ...columns(runs.map(({ run }) => run)),
        ...columns(runs.map(({ status }) => status)),
      ]),
      note: `${roundsOf(results)}; least / median. The collector is away, and a file with one line is followed. Node.js alone, which does nothing: ${figure(nothing)} CPU s.`,
      targets: [
        {
          what: 'start to READY=1, as installed, CPU s',
          found: Math.min(...installed.map(({ run }) => run.cpuSeconds)),
          atMost: 0.35,
        },
      ],
    };
  },
};

async function play({ workplace }: Bench, agent: Agent): Promise<{ run: Cost; status: Cost }> {
  const directory = workplace.place();
  const told = join(directory, 'ready');
  const log = join(directory, 'audit.log');
  writeFileSync(log, 'line 1 of the audit trail\n');
  // Stands in for systemd's own.
  const notify = join(directory, 'systemd-notify');
  writeFileSync(notify, `#!/bin/sh\ncase "$*" in *READY=1*) : > '${told}' ;; esac\n`);
  chmodSync(notify, 0o755);
  const env = { NOTIFY_SOCKET: '/run/nobody', PATH: `${dirname(notify)}:/usr/bin:/bin` };
  const stage = { directory, log, port: await freePort(), pki: workplace.pki, agent: { env } };
  const startedAtMs = performance.now();
  const daemon = await agent.start(stage);
  try {
    let usage: Usage | undefined;
    await until(
      () => {
        usage = usageOf(daemon.pid);
        return existsSync(told);
      },
      { what: `${agent.name} to be ready`, everyMs: 2 },
    );
    const run = { cpuSeconds: usage?.cpuSeconds ?? Number.NaN, seconds: (performance.now() - startedAtMs) / 1000 };
    return { run, status: await costOfStatus(agent, join(directory, 'config.yaml')) };
  } finally {
    await terminate(daemon);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The least of a few times that Node.js starts and ends. */
async function costOfNode({ node }: Agent): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let time = 0; time < 5; time += 1) {
    const before = cpuOfEndedChildren();
    await runProgram(node, ['--eval', '0']);
    least = Math.min(least, cpuOfEndedChildren() - before);
  }
  return least;
}

async function costOfStatus({ main, node }: Agent, config: string): Promise<Cost> {
  const [before, startedAtMs] = [cpuOfEndedChildren(), performance.now()];
  await runProgram(node, [main, 'status', '--config', config]);
  return { cpuSeconds: cpuOfEndedChildren() - before, seconds: (performance.now() - startedAtMs) / 1000 };
}
