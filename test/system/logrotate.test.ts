/**
 * Debian's logrotate, by the recipes of docs/tailing.md, under a writer at
 * 2,000 lines a second, with the program killed and stopped in between.
 * OAF_LOGROTATE_ROUNDS=50 for a long run.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { Stage } from '../support/agent.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collectingProcess } from '../support/collecting.js';
import { storedIn } from '../support/delivered.js';
import { temporaryDirectory } from '../support/files.js';
import { thisPackage } from '../support/package.js';
import { runProgram } from '../support/program.js';
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

/** The stanzas of the document, by their headings. */
const RECIPES = new Map(
  [
    ...readFileSync(new URL('docs/tailing.md', thisPackage), 'utf8').matchAll(/^### (\w+)\n[^#]*?```\n(\/[^`]*)```/gm),
  ].map(([, name = '', stanza = '']) => [name, stanza] as const),
);

class Rotator {
  rotatedAtS = 0;
  readonly #file: string;

  constructor(
    readonly t: ExecutionContext,
    readonly directory: string,
    recipe: string,
  ) {
    this.#file = join(directory, 'logrotate.conf');
    writeFileSync(this.#file, recipe.replaceAll('/var/log/openemr-audit', directory), { mode: 0o600 });
  }

  async rotate(): Promise<void> {
    this.rotatedAtS = Math.floor(Date.now() / 1000);
    const { status, output } = await runProgram('logrotate', ['--force', '--state', `${this.#file}.state`, this.#file]);
    this.t.is(status, 0, output);
  }
}

interface Story {
  readonly t: ExecutionContext;
  readonly stage: Stage;
  readonly writer: SteadyWriter;
  readonly rotator: Rotator;
  readonly stored: () => Buffer[];
}

async function begin(t: ExecutionContext, name: string, opens: 'once' | 'each time'): Promise<Story> {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  const stage = new Stage(t, { pki, collectors: [], log, source: { rotated: [join(directory, 'old', '*.log*')] } });
  const { port, file } = await collectingProcess(t, pki, stage.directory);
  stage.collectors.push({ host: 'localhost', port });
  const rotator = new Rotator(t, directory, RECIPES.get(name) ?? '');
  const writer = new SteadyWriter({ path: log, linesPerSecond: LINES_PER_SECOND, opens });
  t.teardown(() => writer.stop());
  return { t, stage, writer, rotator, stored: () => storedIn(file) };
}

/** Rotation while the agent runs, is killed, is stopped; it is left running. */
async function play({ stage, writer, rotator, stored }: Story): Promise<void> {
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
    // dateformat's smallest unit is the second.
    const { rotatedAtS } = rotator;
    await until(() => Math.floor(Date.now() / 1000) > rotatedAtS, { what: 'the next second' });
    await rotator.rotate();
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

for (const name of RECIPES.keys()) {
  if (name === 'copytruncate') continue;
  test(`logrotate's ${name} loses and repeats nothing under ${LINES_PER_SECOND} lines a second`, async (t) => {
    const story = await begin(t, name, name === 'compress' ? 'each time' : 'once');
    await play(story);
    const { stage, writer, stored } = story;
    stage.written = writer.written;
    await arrives(story, () => stage.complete(stored()));
    const { lost, renamed, altered } = stage.delivered(stored());
    t.log(`${writer.written} lines, ${ROUNDS} rotations`);
    t.deepEqual({ lost, renamed, altered }, { lost: [], renamed: [], altered: [] });
  });
}

test('logrotate’s copytruncate loses only what it destroys itself, and everything that is in a file arrives once', async (t) => {
  const story = await begin(t, 'copytruncate', 'once');
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
  t.log(
    `${writer.written} lines, ${ROUNDS} rotations, ${writer.written - left.size} destroyed by logrotate, ${lost.length} lost`,
  );
  t.deepEqual({ renamed, altered }, { renamed: [], altered: [] });
  t.deepEqual(
    lost.filter((line) => left.has(line)),
    [],
  );
});

/** Numbers of the lines that are in the log and its copies. */
function linesIn(directory: string): Set<number> {
  const names = readdirSync(directory).filter((name) => name.startsWith('audit.log'));
  const texts = names.map((name) => {
    const bytes = readFileSync(join(directory, name));
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1');
  });
  return new Set(texts.flatMap((text) => [...text.matchAll(/^line (\d+) /gm)].map(([, number]) => Number(number))));
}
