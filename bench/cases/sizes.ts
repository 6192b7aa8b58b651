/** Does the cost of a line depend on how long it is, or on how many there are? */
import { type Case, inTurns } from '../bench.js';
import { forward } from '../parts/forward.js';
import { leastAndMedian, megabytes, whole } from '../parts/table.js';

/** Lines of 64 KiB, each in one message. */
export const longLines: Case = {
  name: 'long-lines',
  measure: async (bench) => {
    const lines = bench.size(20_000, 2_000);
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
  measure: async (bench) => {
    const counts = bench.size([10_000, 100_000, 1_000_000, 10_000_000], [10_000, 50_000, 200_000]);
    const rows: string[][] = [];
    for (const lines of counts) {
      for (const sender of bench.agents) {
        const run = await forward(bench.workplace, sender, { log: bench.workplace.lines('text', lines), lines });
        rows.push([
          whole(lines),
          sender.name,
          run.seconds.toFixed(1),
          ((run.cpuSeconds * 1e6) / lines).toFixed(1),
          megabytes(run.peakRssBytes),
        ]);
        bench.say(`${lines} lines: ${sender.name}`);
      }
    }
    return { head: ['lines of text', 'sender', 's', 'CPU s a million, with the start', 'peak RSS'], rows };
  },
};
