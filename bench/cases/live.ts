/**
 * What does a line cost a clinic, where one comes now and then? Rows at a steady
 * rate into one file: the share of one core, and how old a row is when it arrives.
 * System calls are counted in a run of their own, because counting slows a program.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Case } from '../bench.js';
import { type Flow, type Living, live } from '../parts/live.js';
import { hasStrace, type SystemCalls, systemCalls } from '../parts/system-calls.js';
import { figure, megabytes, percent, quantile, type Table, whole } from '../parts/table.js';
import { usageNow } from '../parts/usage.js';
import type { Sender } from '../peers/sender.js';

const RATES = [1, 10, 100, 1_000, 10_000];
/** Where time is short, most of it goes to those that differ most. */
const FEWER_RATES = [10, 100, 1_000, 10_000];

export const liveRates: Case = {
  name: 'live',
  share: 260,
  measure: async (bench) => {
    const [seconds, counted] = bench.size([60, 20], [4, 3], [8, 3]);
    const others = bench.size(1, 1, 0);
    const senders = [...bench.agents, ...bench.rsyslogs.slice(0, 1), ...bench.syslogNgs.slice(0, others)];
    const rows: string[][] = [];
    const found = new Map<string, Living>();
    for (const perSecond of bench.size(RATES, [100, 1_000], FEWER_RATES)) {
      for (const sender of senders) {
        const flow: Flow = { kind: 'row', perSecond, seconds, files: 1, agent: { format: 'openemr' } };
        const living = await live(bench.workplace, sender, flow);
        found.set(`${sender.name} ${perSecond}`, living);
        const calls = await callsOf(bench, sender, { ...flow, seconds: counted });
        rows.push([whole(perSecond), sender.name, ...figures(living), ...calls]);
        bench.say(`${perSecond} a second: ${sender.name}`);
      }
    }
    return {
      head: ['rows/s', 'sender', ...FIGURES, 'system calls a row', 'syncs a second'],
      rows,
      note: `Rows of 743 octets, plain, for ${seconds} s; system calls in a run of their own of ${counted} s.`,
      targets: AIMS.flatMap(({ perSecond, share, p99Ms }) => {
        const own = found.get(`${bench.agents[0]?.name} ${perSecond}`);
        const others = found.get(`${bench.rsyslogs[0]?.name} ${perSecond}`);
        const atMost = share ?? (others && Math.round(1000 * others.cpuShare) / 10);
        if (own === undefined || atMost === undefined) return [];
        const what = share === undefined ? `share of a core, %, as rsyslog's` : 'share of a core, %';
        const p99 = quantile(own.latenciesMs, 0.99);
        return [
          { what: `${whole(perSecond)} rows/s: ${what}`, found: 100 * own.cpuShare, atMost },
          { what: `${whole(perSecond)} rows/s: p99, ms`, found: p99, atMost: p99Ms },
        ];
      }),
    };
  },
};

/** What ours is meant to reach; without a share: that of rsyslog. */
const AIMS: readonly { readonly perSecond: number; readonly share?: number; readonly p99Ms: number }[] = [
  { perSecond: 100, share: 2.5, p99Ms: 120 },
  { perSecond: 1_000, share: 8, p99Ms: 120 },
  { perSecond: 10_000, p99Ms: 200 },
];

export const manyFiles: Case = {
  name: 'many-files',
  share: 60,
  measure: async (bench) => {
    const [files, seconds] = bench.size([1_000, 60], [200, 6], [1_000, 10]);
    const rows: string[][] = [];
    for (const sender of [...bench.agents, ...bench.rsyslogs.slice(0, 1)]) {
      const flow: Flow = { kind: 'row', perSecond: 10 * files, seconds, files, agent: { format: 'openemr' } };
      rows.push([sender.name, ...figures(await live(bench.workplace, sender, flow))]);
      bench.say(sender.name);
    }
    return {
      head: ['sender', ...FIGURES],
      rows,
      note: `${whole(files)} files, 10 rows a second into each, for ${seconds} s.`,
    };
  },
};

/** Half an hour at a clinic's busiest: does anything grow? */
export const soak: Case = {
  name: 'soak',
  share: 0,
  onlyWhenAsked: true,
  measure: async (bench): Promise<Table> => {
    const [minutes, perSecond] = [bench.size(30, 1), 1_000];
    const [sender] = bench.agents;
    const memory: number[] = [];
    const flow: Flow = {
      kind: 'row',
      perSecond,
      seconds: minutes * 60,
      files: 1,
      agent: { format: 'openemr' },
      watch: (pid, seconds) => sampleMemory(pid, seconds, memory),
    };
    const living = await live(bench.workplace, sender!, flow);
    const third = Math.ceil(memory.length / 3);
    const thirds = [0, 1, 2].map((part) => memory.slice(part * third, (part + 1) * third));
    return {
      head: ['sender', ...FIGURES, 'RSS in each third, median'],
      rows: [[sender!.name, ...figures(living), thirds.map((part) => megabytes(quantile(part, 0.5))).join(', ')]],
      note: `${whole(perSecond)} rows a second for ${minutes} minutes: ${whole(living.lines)} rows, none missing.`,
    };
  },
};

const FIGURES = ['share of a core', 'p50 ms', 'p99 ms', 'max ms', 'peak RSS'];

function figures({ cpuShare, latenciesMs, peakRssBytes }: Living): string[] {
  const latencies = [0.5, 0.99, 1].map((share) => figure(quantile(latenciesMs, share)));
  return [percent(cpuShare), ...latencies, megabytes(peakRssBytes)];
}

async function callsOf({ workplace }: Bench, sender: Sender, flow: Flow): Promise<string[]> {
  if (!(await hasStrace())) return ['–', '–'];
  let calls: SystemCalls = { all: 0, syncs: 0 };
  const file = join(workplace.directory, 'strace');
  await live(workplace, sender, {
    ...flow,
    watch: async (pid, seconds) => {
      calls = await systemCalls(pid, seconds, file);
    },
  });
  return [figure(calls.all / (flow.perSecond * flow.seconds)), figure(calls.syncs / flow.seconds)];
}

async function sampleMemory(pid: number, seconds: number, memory: number[]): Promise<void> {
  const endsAtMs = performance.now() + seconds * 1000;
  while (performance.now() < endsAtMs) {
    memory.push(usageNow(pid).rssBytes);
    await sleep(1_000);
  }
}
