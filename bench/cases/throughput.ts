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
import type { Sender } from '../peers/sender.js';

interface Pair {
  readonly short: Run;
  readonly long: Run;
}

export const text: Case = {
  name: 'text',
  share: 240,
  measure: (bench) => compare(bench, 'text', {}, [...bench.agents, ...bench.rsyslogs, ...bench.syslogNgs]),
};

export const plain: Case = {
  name: 'plain',
  share: 240,
  measure: (bench) =>
    compare(bench, 'row', { mark: 'row', agent: { format: 'openemr' } }, [...bench.agents, ...bench.rsyslogs]),
};

export const atna: Case = {
  name: 'atna',
  share: 140,
  measure: (bench) => {
    const message = { profile: 'atna' };
    return compare(bench, 'row', { mark: 'audit', agent: { format: 'openemr', message } }, bench.agents);
  },
};

async function compare(
  bench: Bench,
  kind: Kind,
  job: Omit<Job, 'log' | 'lines'>,
  senders: readonly Sender[],
): Promise<Table> {
  const { workplace, size } = bench;
  const [few, many] = size([500_000, 2_000_000], [50_000, 200_000], [250_000, 1_000_000]);
  const run = (sender: Sender, lines: number) =>
    forward(workplace, sender, { ...job, log: workplace.lines(kind, lines), lines });
  const results = await inTurns(bench, senders, async (sender): Promise<Pair> => {
    return { short: await run(sender, few), long: await run(sender, many) };
  });
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
  };
}

/** What a million of the lines costs that the long file has more: by the least of each file, and the median of the rounds. */
function marginal(pairs: readonly Pair[], millions: number): string {
  const least = (which: keyof Pair) => Math.min(...pairs.map((pair) => pair[which].cpuSeconds));
  const median = quantile(
    pairs.map(({ long, short }) => long.cpuSeconds - short.cpuSeconds),
    0.5,
  );
  return `${figure((least('long') - least('short')) / millions)} / ${figure(median / millions)}`;
}

function connections(results: ReadonlyMap<Sender, readonly Pair[]>, { agents }: Bench): number {
  return Math.max(...(results.get(agents[0]!) ?? []).map(({ long }) => long.counts.connections));
}
