/** What does a quiet minute cost, when nothing is written to the files that are followed? */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Case } from '../bench.js';
import { live } from '../parts/live.js';
import { megabytes, percent, whole } from '../parts/table.js';

export const idle: Case = {
  name: 'idle',
  measure: async (bench) => {
    const [seconds, warmUpSeconds] = bench.size([60, 15], [6, 5]);
    // So that the last acknowledgement is over before the measurement begins, and not in the middle of it.
    const delivery = { epochInterval: '1s' };
    const rows: string[][] = [];
    for (const files of [10, 1_000]) {
      for (const sender of [...bench.agents, ...bench.rsyslogs.slice(0, 1)]) {
        const flow = { kind: 'row', perSecond: 0, seconds, warmUpSeconds, files } as const;
        const quiet = await live(bench.workplace, sender, {
          ...flow,
          agent: { format: 'openemr', delivery },
          watch: () => sleep(seconds * 1000),
        });
        rows.push([
          whole(files),
          sender.name,
          percent(quiet.cpuShare),
          `${whole(quiet.writtenBytes / 1000)} kB`,
          megabytes(quiet.rssBytes),
        ]);
        bench.say(`${files} files: ${sender.name}`);
      }
    }
    return { head: ['files', 'sender', 'share of a core', `written to disk in ${seconds} s`, 'RSS'], rows };
  },
};
