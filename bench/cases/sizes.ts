/** Does the cost of a line depend on how long it is, or on how many there are? */
import { type Case, inTurns } from '../bench.js';
import { forward, type Run } from '../parts/forward.js';
import { figure, leastAndMedian, megabytes, whole } from '../parts/table.js';

/** Lines of 64 KiB, each in one message. */
export const longLines: Case = {
  name: 'long-lines',
  share: 30,
  measure: async (bench) => {
    const lines = bench.size(20_000, 2_000, 10_000);
    const log = bench.workplace.lines('long', lines);
    const job = { log, lines, agent: { message: { maxBytes: '128KiB' } } };
    const senders = [...bench.agents, ...bench.rsyslogs.slice(0, 1)];
    const results = await inTurns(bench, senders, (sender) => forward(bench.workplace, sender, job));
    const gigabytes = (lines * 65_536) / 1e9;
    return {
      head: ['sender', 'MB/s, best', 'CPU s a GB', 'peak RSS'],
      rows: [...results].map(([{ name }, runs]) => [
        name,
        whole((gigabytes * 1000) / Math.min(...runs.map(({ seconds }) => seconds))),
        leastAndMedian(runs.map(({ cpuSeconds }) => cpuSeconds / gigabytes)),
        megabytes(Math.max(...runs.map(({ peakRssBytes }) => peakRssBytes))),
      ]),
      note: `${whole(lines)} lines of 64 KiB, each in one message (\`message.maxBytes: 128KiB\`); least / median.`,
    };
  },
};

/** The same lines, more and more of them. */
export const growth: Case = {
  name: 'growth',
  share: 50,
  measure: async (bench) => {
    const counts = bench.size([10_000, 100_000, 1_000_000, 10_000_000], [10_000, 50_000, 200_000]);
    const rows: string[][] = [];
    let [grown, before] = [Number.NaN, Number.NaN];
    for (const agent of bench.size(bench.agents, bench.agents, bench.agents.slice(0, 1))) {
      let least: Run | undefined;
      for (const lines of counts) {
        const run = await forward(bench.workplace, agent, { log: bench.workplace.lines('text', lines), lines });
        const more = ((run.cpuSeconds - (least?.cpuSeconds ?? Number.NaN)) * 1e6) / (lines - counts[0]!);
        rows.push([
          whole(lines),
          agent.name,
          run.seconds.toFixed(1),
          run.cpuSeconds.toFixed(2),
          figure(more),
          megabytes(run.peakRssBytes),
        ]);
        least ??= run;
        if (agent === bench.agents[0] && Number.isFinite(more)) {
          grown = more / before;
          before = more;
        }
        bench.say(`${lines} lines: ${agent.name}`);
      }
    }
    return {
      head: ['lines of text', 'sender', 's', 'CPU s', 'CPU s a million, without the start', 'peak RSS'],
      rows,
      note: `Without the start: less the run of ${whole(counts[0]!)} lines.`,
      targets: [
        { what: 'growth: cost of a line of the longest file, of that of the one before', found: grown, atMost: 1.1 },
      ],
    };
  },
};
