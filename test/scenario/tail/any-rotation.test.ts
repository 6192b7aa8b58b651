import { join } from 'node:path';
import test from 'ava';
import { temporaryDirectory } from '../../support/files.js';
import { tell } from '../../support/rotation-story.js';
import { play } from '../../support/story-player.js';

// OAF_TAIL_SEEDS=5000 for a long run, OAF_TAIL_FIRST_SEED=417 for the one that failed.
const SEEDS = Number(process.env.OAF_TAIL_SEEDS ?? 30);
const FIRST = Number(process.env.OAF_TAIL_FIRST_SEED ?? 1);
const AT_ONCE = 10;

test('whatever writer, rotator and agent do, in any order, every line arrives once', async (t) => {
  t.timeout(60_000 + SEEDS * 10_000);
  const directory = temporaryDirectory(t);
  const failed: number[] = [];
  let next = FIRST;
  const worker = async () => {
    while (next < FIRST + SEEDS) {
      const story = tell(next++);
      const tried = await t.try((one) => play(one, join(directory, String(story.seed)), story));
      tried.discard();
      if (tried.passed) continue;
      failed.push(story.seed);
      t.log(`seed ${story.seed}, followed as ${story.pattern}:`, JSON.stringify(story.steps), ...tried.logs);
      for (const error of tried.errors) t.log(error.message, JSON.stringify(error.formattedDetails));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  t.deepEqual(failed, [], 'seeds that failed');
});
