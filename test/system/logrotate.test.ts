/**
 * Debian's logrotate, by the recipes of docs/tailing.md, under a writer at
 * 2,000 lines a second, with the program killed and stopped in between.
 * OAF_LOGROTATE_ROUNDS=50 for a long run.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { askLogrotate, rotationsIn } from '../../src/cli/check/logrotate.js';
import { Stage } from '../support/agent.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collectingProcess } from '../support/collecting.js';
import { storedIn } from '../support/delivered.js';
import { temporaryDirectory } from '../support/files.js';
import { Logrotate, linesIn, recipes } from '../support/logrotate.js';
import { SteadyWriter } from '../support/steady-writer.js';
import { until } from '../support/wait.js';

const ROUNDS = Number(process.env.OAF_LOGROTATE_ROUNDS ?? 3);
const LINES_PER_SECOND = 2_000;
const LINES_A_ROUND = 400;

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

/**
 * What may be written between logrotate's last look at a file and its end is
 * lost: copytruncate cuts it off, gzip does not see it. With the latter no
 * program may keep its log open; one that opens it for each line risks a line.
 */
const DESTROYERS: ReadonlyMap<string, 'once' | 'each time'> = new Map([
  ['compress', 'each time'],
  ['copytruncate', 'once'],
]);

interface Story {
  readonly t: ExecutionContext;
  readonly stage: Stage;
  readonly writer: SteadyWriter;
  readonly logrotate: Logrotate;
  readonly stored: () => Buffer[];
}

async function begin(t: ExecutionContext, name: string, opens: 'once' | 'each time'): Promise<Story> {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  const stage = new Stage(t, { pki, collectors: [], log, source: { rotated: [join(directory, 'old', '*.log*')] } });
  const { port, file } = await collectingProcess(t, pki, stage.directory);
  stage.collectors.push({ host: 'localhost', port });
  const logrotate = new Logrotate(directory, name);
  const writer = new SteadyWriter({ path: log, linesPerSecond: LINES_PER_SECOND, opens });
  t.teardown(() => writer.stop());
  return { t, stage, writer, logrotate, stored: () => storedIn(file) };
}

/** Rotation while the agent runs, is killed, is stopped; it is left running. */
async function play({ stage, writer, logrotate, stored }: Story): Promise<void> {
  let agent = await stage.startProgram();
  writer.start();
  // An agent that is killed before anything was on its disk has never been there.
  await until(() => stored().some((message) => message.includes('] line 1 ')), { what: 'the first line to arrive' });
  for (let round = 1; round <= ROUNDS; round++) {
    const end: (() => Promise<unknown>) | undefined = [undefined, () => agent.kill(), () => agent.terminate()][
      round % 3
    ];
    await end?.();
    const { written } = writer;
    await until(() => writer.written > written + LINES_A_ROUND, { what: 'more lines' });
    await logrotate.rotate();
    writer.reopen();
    if (end !== undefined) agent = await stage.startProgram();
  }
  writer.stop();
}

async function arrives({ t, stage, stored }: Story, condition: () => boolean): Promise<void> {
  try {
    await until(condition, { what: 'all lines that can arrive', timeoutMs: 40_000, everyMs: 200 });
  } catch (error) {
    t.log(stage.delivered(stored()), readFileSync(join(stage.directory, 'agent.out'), 'utf8').split('\n').slice(-40));
    throw error;
  }
}

for (const name of recipes.keys()) {
  if (DESTROYERS.has(name)) continue;
  test(`logrotate's ${name} loses and repeats nothing under ${LINES_PER_SECOND} lines a second`, async (t) => {
    const story = await begin(t, name, 'once');
    await play(story);
    const { stage, writer, stored } = story;
    stage.written = writer.written;
    await arrives(story, () => stage.complete(stored()));
    const { lost, renamed, altered } = stage.delivered(stored());
    t.log(`${writer.written} lines, ${ROUNDS} rotations`);
    t.deepEqual({ lost, renamed, altered }, { lost: [], renamed: [], altered: [] });
  });
}

for (const [name, opens] of DESTROYERS) {
  test(`logrotate's ${name} loses only what it destroys itself, and everything that is in a file arrives once`, async (t) => {
    const story = await begin(t, name, opens);
    await play(story);
    const { stage, writer, stored } = story;
    stage.written = writer.written;
    const left = linesIn(dirname(stage.log));
    const arrived = () => {
      const lost = new Set(stage.delivered(stored()).lost);
      return [...left].every((line) => !lost.has(line));
    };
    await arrives(story, arrived);
    const { lost, renamed, altered } = stage.delivered(stored());
    t.log(`${writer.written} lines, ${ROUNDS} rotations, ${lost.length} lost`);
    const inFiles = lost.filter((line) => left.has(line));
    t.deepEqual({ inFiles, renamed, altered }, { inFiles: [], renamed: [], altered: [] });
  });
}

for (const name of recipes.keys()) {
  test(`check understands what logrotate answers about the recipe ${name}`, async (t) => {
    const directory = temporaryDirectory(t);
    const log = join(directory, 'audit.log');
    mkdirSync(join(directory, 'old'));
    writeFileSync(log, 'a line\n');
    const { file } = new Logrotate(directory, name);
    const output = await askLogrotate(file);
    t.truthy(output, 'logrotate is installed');

    const rotation = (await rotationsIn(output ?? { planned: '', forced: '' })).get(log);
    t.is(rotation?.file, file);
    t.is(rotation?.error, undefined);
    t.true((rotation?.rotate ?? 0) > 0);
    t.true(rotation?.rotatedTo?.startsWith(name === 'olddir' ? `${directory}/old/` : `${directory}/audit`));
    t.is(rotation?.copytruncate, name === 'copytruncate');
    t.is(rotation?.shred, false);
  });
}
