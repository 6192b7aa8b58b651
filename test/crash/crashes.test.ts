/**
 * 44 000 lines at 2 000 a second while collectors and agents are killed. Lost
 * must be none; repeats are told. CRASH_SEED repeats a run.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { CrashStory, chance } from '../support/crash-story.js';

const LOAD = { lines: 44_000, linesPerSecond: 2_000 };
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000);

test.before((t) => t.log(`CRASH_SEED=${SEED}`));

test.serial('the collector is killed four times', async (t) => {
  const story = await CrashStory.begin(t, LOAD);
  await story.startCollector();
  await story.startAgent();
  await story.play(async () => {
    for (const share of [0.2, 0.4, 0.6, 0.8]) {
      await story.at(share);
      await story.killCollector();
      await story.startCollector();
    }
  });
});

test.serial('the collector is told to stop four times, and says close_notify with lines unread', async (t) => {
  const story = await CrashStory.begin(t, LOAD);
  await story.startCollector();
  await story.startAgent();
  await story.play(async () => {
    for (const share of [0.2, 0.4, 0.6, 0.8]) {
      await story.at(share);
      await story.terminateCollector();
      await story.startCollector();
    }
  });
});

test.serial('the collector freezes for eight seconds and is killed', async (t) => {
  const story = await CrashStory.begin(t, LOAD);
  await story.startCollector();
  await story.startAgent();
  await story.play(async () => {
    await story.at(0.3);
    await story.freezeAndKillCollector(8_000);
    await story.startCollector();
  });
});

test.serial('the agent is killed twenty times at random moments', async (t) => {
  const random = chance(SEED);
  const story = await CrashStory.begin(t, LOAD);
  await story.startCollector();
  await story.startAgent();
  await story.play(async () => {
    for (let kill = 1; kill <= 20; kill += 1) {
      await sleep(50 + random() * 1_000);
      await story.killAgent();
      await story.startAgent();
    }
  });
});

test.serial('agent and collector are killed at random moments', async (t) => {
  const random = chance(SEED + 1);
  const story = await CrashStory.begin(t, LOAD);
  await story.startCollector();
  await story.startAgent();
  await story.play(async () => {
    for (let kill = 1; kill <= 6; kill += 1) {
      await sleep(200 + random() * 2_000);
      if (random() < 0.5) await story.killAgent();
      await story.killCollector();
      await sleep(random() * 500);
      if (story.agent === undefined) await story.startAgent();
      await story.startCollector();
    }
  });
});

test.serial('the agent is killed while no collector is there', async (t) => {
  const story = await CrashStory.begin(t, LOAD);
  await story.startCollector();
  await story.startAgent();
  await story.play(async () => {
    await story.at(0.3);
    await story.killCollector();
    await story.at(0.5);
    await story.killAgent();
    await story.startAgent();
    await story.at(0.7);
    await story.startCollector();
  });
});

test.serial('five outages in a row', async (t) => {
  const random = chance(SEED + 2);
  const story = await CrashStory.begin(t, LOAD);
  await story.startCollector();
  await story.startAgent();
  await story.play(async () => {
    for (let outage = 1; outage <= 5; outage += 1) {
      await sleep(500 + random() * 2_000);
      if (random() < 0.5) await story.killCollector();
      else await story.terminateCollector();
      await sleep(300 + random() * 1_500);
      await story.startCollector();
    }
  });
});
