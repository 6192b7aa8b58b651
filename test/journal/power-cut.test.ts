import test from 'ava';
import fc from 'fast-check';
import type { Entry, NewEntry } from '../../src/model/entry.js';
import { JournalBench, withoutLock } from '../support/journal-bench.js';
import { MemoryFiles } from '../support/memory-files.js';

const RUNS = Number(process.env.JOURNAL_RUNS ?? 100);
const lengths = fc.array(fc.integer({ min: 60, max: 300 }), { maxLength: 60 });
const chances = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }));

test('a power cut takes nothing that was synced and nothing that could be read', async (t) => {
  const survives = async (sizes: readonly number[], chanceStream: fc.Stream<number>) => {
    const files = new MemoryFiles();
    const bench = new JournalBench('/journal', {}, { files, lock: withoutLock });
    await bench.open();
    const reader = bench.reader();
    const chance = () => chanceStream.next().value ?? 0;
    const written: NewEntry[] = [];
    const read: Entry[] = [];
    for (const size of sizes) {
      const entry = bench.entry(size);
      await bench.journal.append(entry);
      written.push(entry);
      if (chance() < 0.3) await bench.journal.flushed();
      if (chance() < 0.3) read.push(...(await reader.next(2000)));
    }
    const { synced } = bench.journal.state();

    const after = bench.on(files.cutPower(chance));
    await after.open();
    const intact = (await after.readAll()).map(JournalBench.plain);

    t.true(read.length <= synced);
    t.deepEqual(intact.slice(0, synced), written.slice(0, synced));
    t.true(intact.every((entry) => written.some(({ first }) => first.seq === entry.first.seq)));
    t.is(after.journal.positions[0]?.offset, intact.at(-1)?.to?.offset);
    const more = await after.write(3);
    t.deepEqual((await after.readAll()).slice(-3).map(JournalBench.plain), more);
    await after.close();
  };
  await fc.assert(fc.asyncProperty(lengths, chances, survives), { numRuns: RUNS });
});
