import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import { JournalBench } from '../support/journal-bench.js';

const KILLS = Number(process.env.JOURNAL_KILLS ?? 5);
const bench = new URL('../support/journal-bench.js', import.meta.url).href;

/** Another process that journals as fast as it can and says, after each sync, how far it has come. */
const script = (directory: string) => `
  const { JournalBench } = await import(${JSON.stringify(bench)});
  const bench = new JournalBench(${JSON.stringify(directory)}, { maxBytes: 1e9, segmentBytes: 300_000 });
  await bench.open();
  for (;;) {
    await bench.write(7, 20_000);
    console.log(bench.journal.state().synced + ' ' + bench.journal.positions[0].offset);
  }`;

test('a process that is killed while it writes loses nothing that it had synced, time after time', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'crash-'));
  t.teardown(() => rm(parent, { recursive: true }));
  const directory = join(parent, 'state');
  for (let kill = 0; kill < KILLS; kill += 1) {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script(directory)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    let lines = 0;
    const exited = once(child, 'exit');
    for await (const line of createInterface(child.stdout)) {
      said = line;
      lines += 1;
      if (lines === 5 + kill * 3) child.kill('SIGKILL');
    }
    await exited;
    const [synced = 0, offset = 0] = said.split(' ').map(Number);

    const after = new JournalBench(directory, { maxBytes: 1e9, segmentBytes: 300_000 });
    await after.open();
    const found = await after.readAll();
    t.true(after.journal.state().synced >= synced);
    t.true((after.journal.positions[0]?.offset ?? 0) >= offset);
    t.is(found.at(-1)?.number, after.journal.state().synced);
    t.is(found.at(-1)?.to?.offset, after.journal.positions[0]?.offset);
    t.deepEqual(
      found.slice(1).filter(({ from }, index) => from !== found[index]?.to?.offset),
      [],
    );
    t.deepEqual(after.notices, []);
    await after.journal.acknowledge(found.at(-1)?.number ?? 0);
    await after.close();
  }
});
