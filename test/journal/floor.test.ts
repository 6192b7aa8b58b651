import test from 'ava';
import { JournalBench, withoutLock } from '../support/journal-bench.js';
import { MemoryFiles } from '../support/memory-files.js';

test('once all is acknowledged, no more than a little of it stays on the disk', async (t) => {
  const files = new MemoryFiles();
  const bench = new JournalBench('/journal', { maxBytes: 1e8, segmentBytes: 1e7 }, { files, lock: withoutLock });
  await bench.open();
  await bench.write(20, 100_000);
  await bench.journal.acknowledge(19);
  t.true(bench.journal.state().bytes > 2_000_000);
  await bench.journal.acknowledge(20);
  t.true(bench.journal.state().bytes < 10_000);

  const entries = await bench.write(2);
  t.deepEqual((await bench.readAll()).map(JournalBench.plain), entries);
  await bench.reopen();
  t.is(bench.journal.state().entriesWaiting, 2);
});
