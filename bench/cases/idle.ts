/** What does a quiet minute cost, when nothing is written to the files that are followed? All are quiet at the same time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Case } from '../bench.js';
import { live } from '../parts/live.js';
import { megabytes, percent, whole } from '../parts/table.js';
import type { Target } from '../parts/targets.js';

/** By the number of files: percents of a core. */
const MOST: Readonly<Record<number, number>> = { 10: 0.1, 1000: 0.3 };

export const idle: Case = {
  name: 'idle',
  share: 130,
  measure: async (bench) => {
    const [seconds, warmUpSeconds] = bench.size([60, 75], [6, 5], [40, 75]);
    // So that the last acknowledgement is over before the measurement begins, as is the seal, a minute after the lines.
    const delivery = { epochInterval: '1s' };
    const kinds = [10, 1_000].flatMap((files) =>
      [...bench.agents, ...bench.rsyslogs.slice(0, 1)].map((sender) => ({ files, sender })),
    );
    const targets: Target[] = [];
    const rows = await Promise.all(
      kinds.map(async ({ files, sender }) => {
        const quiet = await live(bench.workplace, sender, {
          kind: 'row',
          perSecond: 0,
          seconds,
          warmUpSeconds,
          files,
          agent: { format: 'openemr', delivery },
          watch: () => sleep(seconds * 1000),
        });
        bench.say(`${files} files: ${sender.name}`);
        const { cpuShare, writtenBytes, rssBytes } = quiet;
        if (sender === bench.agents[0]) {
          targets.push(
            { what: `${whole(files)} quiet files: share of a core, %`, found: 100 * cpuShare, atMost: MOST[files]! },
            { what: `${whole(files)} quiet files: written to disk, kB`, found: writtenBytes / 1000, atMost: 0 },
          );
          if (files === 10) targets.push({ what: 'quiet: RSS, MB', found: rssBytes / 1e6, atMost: 70 });
        }
        const written = `${whole(writtenBytes / 1000)} kB`;
        return [whole(files), sender.name, percent(cpuShare), written, megabytes(rssBytes)];
      }),
    );
    return { head: ['files', 'sender', 'share of a core', `written to disk in ${seconds} s`, 'RSS'], rows, targets };
  },
};
