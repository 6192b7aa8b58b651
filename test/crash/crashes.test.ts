/**
 * 44 000 lines at 2 000 a second, and 200 000 at 10 000, while collectors and
 * agents are killed. Lost must be none; repeats are told. CRASH_SEED repeats a
 * run; CRASH_LOADS=44000/2000 plays less.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { CrashStory, chance, LOADS } from '../support/crash-story.js';

const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000);
const FOUR_TIMES = [0.2, 0.4, 0.6, 0.8];

type Faults = (story: CrashStory, random: () => number) => Promise<void>;

const stories: [title: string, faults: Faults][] = [
  [
    'the collector is killed four times',
    async (story) => {
      for (const share of FOUR_TIMES) {
        await story.at(share);
        await story.killCollector();
        await story.startCollector();
      }
    },
  ],
  [
    'the collector is told to stop four times, and says close_notify with lines unread',
    async (story) => {
      for (const share of FOUR_TIMES) {
        await story.at(share);
        await story.terminateCollector();
        await story.startCollector();
      }
    },
  ],
  [
    'the collector freezes for eight seconds and is killed',
    async (story) => {
      await story.at(0.3);
      await story.freezeAndKillCollector(8_000);
      await story.startCollector();
    },
  ],
  [
    'the agent is killed twenty times at random moments',
    async (story, random) => {
      for (let kill = 1; kill <= 20; kill += 1) {
        await sleep(50 + random() * 1_000);
        await story.killAgent();
        await story.startAgent();
      }
    },
  ],
  [
    'agent and collector are killed at random moments',
    async (story, random) => {
      for (let kill = 1; kill <= 6; kill += 1) {
        await sleep(200 + random() * 2_000);
        if (random() < 0.5) await story.killAgent();
        await story.killCollector();
        await sleep(random() * 500);
        if (story.agent === undefined) await story.startAgent();
        await story.startCollector();
      }
    },
  ],
  [
    'the agent is killed while no collector is there',
    async (story) => {
      await story.at(0.3);
      await story.killCollector();
      await story.at(0.5);
      await story.killAgent();
      await story.startAgent();
      await story.at(0.7);
      await story.startCollector();
    },
  ],
  [
    'five outages in a row',
    async (story, random) => {
      for (let outage = 1; outage <= 5; outage += 1) {
        await sleep(500 + random() * 2_000);
        if (random() < 0.5) await story.killCollector();
        else await story.terminateCollector();
        await sleep(300 + random() * 1_500);
        await story.startCollector();
      }
    },
  ],
];

test.before((t) => t.log(`CRASH_SEED=${SEED}`));

for (const load of LOADS) {
  for (const [number, [title, faults]] of stories.entries()) {
    test.serial(`${load.lines} lines at ${load.linesPerSecond} a second: ${title}`, async (t) => {
      const story = await CrashStory.begin(t, load);
      await story.startCollector();
      await story.startAgent();
      await story.play(() => faults(story, chance(SEED + number)));
    });
  }
}
