/**
 * How fast is a file forwarded, and what does a line cost? Two files, a short
 * and a long one: the difference is the cost of a line without the start of the
 * program. The senders take turns, and of several rounds the least and the median
 * are shown: the least is what the program needs, the rest is the machine.
 */
import { type Bench, type Case, inTurns, roundsOf } from '../bench.js';
import { forward, type Job, type Run } from '../parts/forward.js';
import type { Kind } from '../parts/lines.js';
import { figure, leastAndMedian, megabytes, quantile, type Table, whole } from '../parts/table.js';
import type { Target } from '../parts/targets.js';
import type { Sender } from '../peers/sender.js';

/** What ours is meant to reach. */
interface Aims {
  /** CPU seconds for a million more lines. */
  readonly atMost: number;
  readonly peakMegabytes?: number;
  /** Both with the start, on the long file. */
  readonly beside?: { readonly fasterBy: number; readonly cpuShare: number };
}

interface Pair {
  readonly short: Run;
  readonly long: Run;
}

export const text: Case = {
  name: 'text',
  share: 240,
  measure: (bench) =>
    compare(bench, 'text', {}, [...bench.agents, ...bench.rsyslogs, ...bench.syslogNgs], {
      atMost: 2,
      peakMegabytes: 110,
      beside: { fasterBy: 2.5, cpuShare: 0.25 },
    }),
};

export const plain: Case = {
  name: 'plain',
  share: 240,
  measure: (bench) =>
    compare(bench, 'row', { mark: 'row', agent: { format: 'openemr' } }, [...bench.agents, ...bench.rsyslogs], {
      atMost: 6,
      beside: { fasterBy: 1, cpuShare: 0.7 },
    }),
};

export const atna: Case = {
  name: 'atna',
  share: 140,
  measure: (bench) => {
    const message = { profile: 'atna' };
    const job = { mark: 'audit', agent: { format: 'openemr', message } } as const;
    return compare(bench, 'row', job, bench.agents, { atMost: 10, peakMegabytes: 120 });
  },
};

async function compare(
  bench: Bench,
  kind: Kind,
  job: Omit<Job, 'log' | 'lines'>,
  senders: readonly Sender[],
  aims: Aims,
): Promise<Table> {
  const { workplace, size } = bench;
  const [few, many] = size([500_000, 2_000_000], [50_000, 200_000], [250_000, 1_000_000]);
  const run = (sender: Sender, lines: number) =>
    forward(workplace, sender, { ...job, log: workplace.lines(kind, lines), lines });
  const pair = async (sender: Sender): Promise<Pair> => {
    return { short: await run(sender, few), long: await run(sender, many) };
  };
  // Where time is short, what takes most of it has one round.
  const seldom = size<readonly Sender[]>([], [], bench.syslogNgs);
  const often = senders.filter((sender) => !seldom.includes(sender));
  const once = senders.filter((sender) => seldom.includes(sender));
  const results = new Map([
    ...(await inTurns(bench, often, pair)),
    ...(await inTurns({ ...bench, rounds: 1 }, once, pair)),
  ]);
  const millions = (many - few) / 1e6;
  const rows = [...results].map(([{ name }, pairs]) => [
    name,
    whole(many / Math.min(...pairs.map(({ long }) => long.seconds))),
    leastAndMedian(pairs.map(({ long }) => long.seconds)),
    leastAndMedian(pairs.map(({ long }) => (long.cpuSeconds * 1e6) / many)),
    marginal(pairs, millions),
    megabytes(Math.max(...pairs.map(({ long }) => long.peakRssBytes))),
  ]);
  return {
    head: [
      'sender',
      'lines/s, best',
      `s for ${whole(many)}`,
      'CPU s a million, with the start',
      'CPU s a million, without',
      'peak RSS',
    ],
    rows,
    note:
      `${whole(many)} and ${whole(few)} lines, ${roundsOf(results)}; least / median. ` +
      'Without the start: the long file less the short one. ' +
      `Connections that ours made for the long file, at most: ${connections(results, bench)}.`,
    targets: targetsOf(
      job.agent?.message?.profile ?? (kind === 'text' ? 'text' : 'plain'),
      results,
      bench,
      millions,
      aims,
    ),
  };
}

function targetsOf(
  name: string,
  results: ReadonlyMap<Sender, readonly Pair[]>,
  { agents, rsyslogs }: Bench,
  millions: number,
  { atMost, peakMegabytes, beside }: Aims,
): Target[] {
  const own = results.get(agents[0]!) ?? [];
  const others = rsyslogs.flatMap((sender) => results.get(sender) ?? []);
  const seconds = (pairs: readonly Pair[]) => Math.min(...pairs.map(({ long }) => long.seconds));
  const cpu = (pairs: readonly Pair[]) => Math.min(...pairs.map(({ long }) => long.cpuSeconds));
  const peakRss = Math.max(...own.map(({ long }) => long.peakRssBytes)) / 1e6;
  return [
    { what: `${name}: CPU s a million, without the start`, found: leastMarginal(own) / millions, atMost },
    ...(peakMegabytes === undefined ? [] : [{ what: `${name}: peak RSS, MB`, found: peakRss, atMost: peakMegabytes }]),
    ...(beside === undefined || others.length === 0
      ? []
      : [
          {
            what: `${name}: speed, times rsyslog's best`,
            found: seconds(others) / seconds(own),
            atLeast: beside.fasterBy,
          },
          { what: `${name}: CPU time, of rsyslog's least`, found: cpu(own) / cpu(others), atMost: beside.cpuShare },
        ]),
  ];
}

function leastMarginal(pairs: readonly Pair[]): number {
  const least = (which: keyof Pair) => Math.min(...pairs.map((pair) => pair[which].cpuSeconds));
  return least('long') - least('short');
}

/** What a million of the lines costs that the long file has more: by the least of each file, and the median of the rounds. */
function marginal(pairs: readonly Pair[], millions: number): string {
  const median = quantile(
    pairs.map(({ long, short }) => long.cpuSeconds - short.cpuSeconds),
    0.5,
  );
  return `${figure(leastMarginal(pairs) / millions)} / ${figure(median / millions)}`;
}

function connections(results: ReadonlyMap<Sender, readonly Pair[]>, { agents }: Bench): number {
  return Math.max(...(results.get(agents[0]!) ?? []).map(({ long }) => long.counts.connections));
}
