import test from 'ava';
import type { Dropped, JournalOptions } from '../../../src/journal/types.js';
import { hastyClock } from '../../support/hasty-clock.js';
import { JournalBench, withoutLock } from '../../support/journal-bench.js';
import { MemoryFiles } from '../../support/memory-files.js';

const never = new AbortController().signal;

async function opened(options: Partial<JournalOptions>, files = new MemoryFiles()) {
  const bench = new JournalBench(
    '/journal',
    { maxBytes: 20_000, ...options },
    { files, lock: withoutLock, clock: hastyClock() },
  );
  await bench.open();
  return { bench, files };
}

/** Reads and journals lines for as long as there is room. */
async function fill(bench: JournalBench): Promise<number> {
  for (let entries = 0; ; entries += 1) {
    const soon = new AbortController();
    const room = await Promise.race([
      bench.journal.room(soon.signal).then(() => true),
      new Promise<false>((resolve) => setTimeout(() => resolve(false), 50)),
    ]);
    soon.abort();
    if (!room) return entries;
    await bench.write(1, 500);
  }
}

test('a full journal lets nobody read until the collector has acknowledged, and says so once', async (t) => {
  const { bench } = await opened({});
  const entries = await fill(bench);
  t.true(bench.journal.state().full);
  t.true(bench.journal.state().bytes < 21_000);
  t.deepEqual(
    bench.notices.map(({ kind }) => kind),
    ['full'],
  );

  await bench.journal.append(bench.entry(3000), { own: true });
  await bench.journal.flushed();
  const waiting = bench.journal.room(never);
  await bench.journal.acknowledge(entries);
  await waiting;

  t.false(bench.journal.state().full);
  t.deepEqual(
    bench.notices.map(({ kind }) => kind),
    ['full', 'room'],
  );
});

test('even the reserve has an end', async (t) => {
  const { bench } = await opened({ reserveBytes: 5000 });
  await fill(bench);
  await bench.journal.append(bench.entry(3000), { own: true });
  await t.throwsAsync(bench.journal.append(bench.entry(3000), { own: true }), { code: 'journal-full' });
});

test('what is acknowledged leaves the disk, down to one segment, also after a restart with a full journal', async (t) => {
  const { bench, files } = await opened({});
  const entries = await fill(bench);
  await bench.reopen();
  await bench.journal.acknowledge(entries);
  await bench.journal.room(never);
  await bench.write(1);

  t.true(bench.journal.state().segments <= 2);
  t.true(bench.journal.state().bytes < 6000);
  const onDisk = files.paths
    .filter((path) => path.endsWith('.segment'))
    .reduce((sum, path) => sum + files.content(path).length, 0);
  t.is(bench.journal.state().bytes, onDisk);
});

test('a volume with too little free space counts as full until something frees it', async (t) => {
  const { bench, files } = await opened({ keepFree: 0.1 });
  files.space = { ...files.space, freeBytes: 9e7 };
  const waiting = bench.journal.room(never);
  while (!bench.journal.state().full) await new Promise(setImmediate);
  files.space = { ...files.space, freeBytes: 5e8 };
  await waiting;
  t.deepEqual(
    bench.notices.map((notice) => (notice.kind === 'full' ? notice.limit : notice.kind)),
    ['keepFree', 'room'],
  );
});

test('with drop-oldest reading goes on, and exactly what is gone is counted and named', async (t) => {
  const { bench } = await opened({ whenFull: 'drop-oldest' });
  for (let entry = 0; entry < 20; entry += 1) await bench.write(1, 500);
  await bench.journal.acknowledge(2);
  const reader = bench.reader();
  const before = await reader.next(1);
  for (let entry = 20; entry < 100; entry += 1) {
    await bench.journal.room(never);
    await bench.write(1, 500);
  }
  const left = await bench.readAll(reader);

  const dropped = bench.notices.filter((notice): notice is Dropped => notice.kind === 'dropped');
  // Each word tells of what the ones before it told, too: nothing has been acknowledged since.
  const last = dropped.at(-1);
  const seqs = (last?.missing ?? []).flatMap(({ firstSeq, lastSeq = 0 }) =>
    Array.from({ length: lastSeq - firstSeq + 1 }, (_, index) => firstSeq + index),
  );
  t.is(before[0]?.first.seq, 3);
  t.deepEqual(
    [...seqs, ...left.map(({ first }) => first.seq)],
    Array.from({ length: 98 }, (_, index) => index + 3),
  );
  t.is(last?.messages, seqs.length);
  t.is(bench.journal.state().dropped, seqs.length);
  t.false(bench.notices.some(({ kind }) => kind === 'damaged'));
});
