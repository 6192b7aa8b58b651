import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { JournalBench } from '../support/journal-bench.js';

const opened = async (t: ExecutionContext) => {
  const directory = join(await mkdtemp(join(tmpdir(), 'journal-')), 'state');
  const bench = new JournalBench(directory);
  t.teardown(async () => {
    await bench.close();
    await rm(join(directory, '..'), { recursive: true });
  });
  await bench.open();
  return bench;
};

test('what was appended is read in order, with its position, and once acknowledged not again', async (t) => {
  const bench = await opened(t);
  const written = await bench.write(5);

  const reader = bench.journal.reader();
  const read = await bench.readAll(reader);
  await bench.journal.acknowledge(3);

  t.deepEqual(read.map(JournalBench.plain), written);
  t.deepEqual(
    (await bench.readAll()).map(({ number }) => number),
    [4, 5],
  );
  t.is(bench.journal.positions[0]?.offset, 500);
});

test('after a reopen the journal goes on where it was, in a new run that follows the last message', async (t) => {
  const bench = await opened(t);
  const written = await bench.write(10);
  await bench.journal.acknowledge(4);
  const { run } = bench.journal;

  await bench.reopen();
  const more = await bench.write(2);

  t.not(bench.journal.run, run);
  t.deepEqual(bench.journal.follows, { run, seq: 10 });
  t.deepEqual((await bench.readAll()).map(JournalBench.plain), [...written.slice(4), ...more]);
  t.deepEqual(
    (await bench.readAll()).map(({ number }) => number),
    [5, 6, 7, 8, 9, 10, 11, 12],
  );
});
