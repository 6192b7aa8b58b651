/**
 * Between two starts somebody puts back, damages or removes what the agent
 * remembers: repeats at most, no loss, no name for two messages, and a line in
 * the log that says what was met. `verify` agrees.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { writeCursor } from '../../src/journal/disk/cursor.js';
import { systemFiles } from '../../src/lib/files.js';
import { type Said, Stage } from '../support/agent.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import type { Delivered } from '../support/delivered.js';
import { asFrames } from '../support/stored.js';
import { until } from '../support/wait.js';

const LINES = 60;

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

interface Outcome extends Delivered {
  /** Of the last start, from warnings up. */
  readonly warnings: readonly Said[];
}

/** Two runs, then `meddle`, then a third; `yesterday` is a copy of the journal between the first two. */
async function play(
  t: ExecutionContext,
  meddle: (places: { stage: Stage; yesterday: string; logBytes: number }) => void | Promise<void>,
): Promise<Outcome> {
  const collector = await collecting(t, pki);
  const stage = new Stage(t, { pki, collectors: [{ host: 'localhost', port: collector.port }] });
  const run = async () => {
    const agent = await stage.start();
    stage.write(LINES);
    await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines' });
    await agent.stop();
    return agent;
  };
  await run();
  const yesterday = join(stage.directory, 'yesterday');
  cpSync(stage.journal, yesterday, { recursive: true });
  const logBytes = readFileSync(stage.log).length;
  await run();
  await meddle({ stage, yesterday, logBytes });
  const { said } = await run();

  const { status, output } = await stage.verify(stage.keep('store.frames', asFrames(collector.messages)));
  t.is(status, 0, output);
  const found = stage.delivered(collector.messages);
  t.deepEqual({ lost: found.lost, altered: found.altered, holes: found.holes }, { lost: [], altered: [], holes: [] });
  return { ...found, warnings: said.filter(({ level }) => level === 'warning' || level === 'error') };
}

function putBack(journal: string, from: string): void {
  rmSync(journal, { recursive: true });
  cpSync(from, journal, { recursive: true });
}

const CURSORS: Record<string, (file: string) => void | Promise<void>> = {
  missing: (file) => rmSync(file),
  zeroed: (file) => writeFileSync(file, Buffer.alloc(96)),
  empty: (file) => truncateSync(file),
  'from the future': async (file) => {
    const { journal } = JSON.parse(readFileSync(file, 'utf8'));
    await writeCursor(file, { journal, entry: 1_000_000 }, systemFiles);
  },
  'of another journal': (file) => writeCursor(file, { journal: '00'.repeat(16), entry: 1 }, systemFiles),
};

for (const [how, meddle] of Object.entries(CURSORS)) {
  test(`a cursor that is ${how} costs repeats under the same names`, async (t) => {
    const { repeated, renamed, warnings } = await play(t, ({ stage }) => meddle(join(stage.journal, 'cursor.json')));
    t.true(repeated <= 2 * LINES);
    t.deepEqual(renamed, []);
    t.deepEqual(
      warnings.map(({ message }) => message),
      ['The cursor cannot be used: what the journal still holds is sent again'],
    );
  });
}

test('a journal put back to yesterday, with the log as it is, reads again what came since', async (t) => {
  const { renamed } = await play(t, ({ stage, yesterday }) => putBack(stage.journal, yesterday));
  t.is(renamed.length, LINES);
});

test('a machine set back to yesterday, log and all, goes on from there', async (t) => {
  const { repeated, renamed } = await play(t, ({ stage, yesterday, logBytes }) => {
    putBack(stage.journal, yesterday);
    truncateSync(stage.log, logBytes);
  });
  t.deepEqual({ repeated, renamed }, { repeated: 0, renamed: [] });
});

test('a cursor of today with the segments of yesterday is not believed', async (t) => {
  const { warnings } = await play(t, ({ stage, yesterday }) => {
    putBack(join(stage.journal, 'segments'), join(yesterday, 'segments'));
  });
  t.is(warnings[0]?.message, 'The cursor cannot be used: what the journal still holds is sent again');
});

test('segments that are gone are a new beginning, which is told', async (t) => {
  const { renamed, warnings } = await play(t, ({ stage }) => {
    rmSync(join(stage.journal, 'segments'), { recursive: true });
    mkdirSync(join(stage.journal, 'segments'), { mode: 0o700 });
  });
  t.is(renamed.length, 2 * LINES);
  t.is(warnings[0]?.message, 'The segments of the journal are gone: log files are read again from their beginning');
});

test('a directory that is gone is a new beginning', async (t) => {
  const { renamed } = await play(t, ({ stage }) => rmSync(stage.journal, { recursive: true }));
  t.is(renamed.length, 2 * LINES);
});
