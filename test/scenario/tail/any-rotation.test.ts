/**
 * Random stories. OAF_TAIL_SEEDS=5000 for many, OAF_TAIL_FIRST_SEED=417 for a
 * certain one. A story that fails is made as short as possible and printed;
 * OAF_TAIL_STORY='{"seed":…}' plays what was printed, as often as there would be seeds.
 */
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { temporaryDirectory } from '../../support/files.js';
import { type Step, type Story, tell } from '../../support/rotation-story.js';
import { shrink } from '../../support/shrink.js';
import { play } from '../../support/story-player.js';

const GIVEN = process.env.OAF_TAIL_STORY;
const SEEDS = Number(process.env.OAF_TAIL_SEEDS ?? 30);
const FIRST = Number(process.env.OAF_TAIL_FIRST_SEED ?? 1);
const AT_ONCE = 10;
// What fails while it is made shorter is told from what is slow by less patience.
const SHRINKING_PATIENCE_MS = 4_000;

test('whatever writer, rotator and agent do, in any order, every line arrives once', async (t) => {
  t.timeout(120_000 + SEEDS * 10_000);
  const theatre = new Theatre(t, temporaryDirectory(t));
  const failed: { readonly story: Story; readonly said: readonly string[] }[] = [];
  const story = (index: number) => (GIVEN === undefined ? tell(FIRST + index) : (JSON.parse(GIVEN) as Story));
  const stories = Array.from({ length: SEEDS }, (_, index) => () => story(index));
  const worker = async () => {
    for (let next = stories.shift(); next !== undefined; next = stories.shift()) {
      const story = next();
      const said = await theatre.failureOf(story);
      if (said !== undefined) failed.push({ story, said });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  for (const { story, said } of failed) await theatre.explain(story, said);
  t.deepEqual(
    failed.map(({ story }) => story.seed),
    [],
    'seeds that failed',
  );
});

class Theatre {
  #played = 0;

  constructor(
    readonly t: ExecutionContext,
    readonly directory: string,
  ) {}

  /** What it says when it fails. */
  async failureOf(story: Story, patienceMs?: number): Promise<readonly string[] | undefined> {
    const directory = join(this.directory, String(this.#played++));
    const tried = await this.t.try((one) => play(one, directory, story, patienceMs));
    tried.discard();
    if (tried.passed) return undefined;
    const errors = tried.errors.map((error) => `${error.message} ${JSON.stringify(error.formattedDetails)}`);
    return [...tried.logs, ...errors];
  }

  /** Prints the shortest story that was found to fail like this one, and how it fails. */
  async explain(story: Story, saidFirst: readonly string[]): Promise<void> {
    let said = ['it did not fail again; at first:', ...saidFirst];
    const failing = async (steps: readonly Step[]) => {
      const failure = await this.failureOf({ ...story, steps }, SHRINKING_PATIENCE_MS);
      if (failure !== undefined) said = [...failure];
      return failure !== undefined;
    };
    let steps = await shrink(story.steps, failing);
    for (const [index, step] of steps.entries()) {
      if (!('meanwhile' in step)) continue;
      const within = (meanwhile: readonly Step[]) => steps.with(index, { ...step, meanwhile });
      steps = within(await shrink(step.meanwhile, (meanwhile) => failing(within(meanwhile))));
    }
    this.t.log(`seed ${story.seed}; play the rest of it again with OAF_TAIL_STORY=`);
    this.t.log(JSON.stringify({ ...story, steps }), ...said);
  }
}
