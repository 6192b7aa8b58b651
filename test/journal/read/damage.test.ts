import test from 'ava';
import { writeCursor } from '../../../src/journal/disk/cursor.js';
import type { Damage, MissingMessages } from '../../../src/journal/types.js';
import type { NewEntry } from '../../../src/model/entry.js';
import { JournalBench, withoutLock } from '../../support/journal-bench.js';
import { MemoryFiles } from '../../support/memory-files.js';

const SEEDS = Number(process.env.JOURNAL_FLIPS ?? 100);

const benchOn = (files: MemoryFiles) => new JournalBench('/journal', {}, { files, lock: withoutLock });
const segmentsOf = (files: MemoryFiles) => files.paths.filter((path) => path.endsWith('.segment'));
const quarantined = (files: MemoryFiles) => files.paths.filter((path) => path.endsWith('.damaged'));
const damagesOf = (bench: JournalBench) =>
  bench.notices.filter((notice): notice is Damage => notice.kind === 'damaged');
const seqs = (entries: readonly NewEntry[]) => entries.map(({ first }) => first.seq);

/** Three runs of ten entries over several segments. */
async function written(files: MemoryFiles): Promise<NewEntry[]> {
  const bench = benchOn(files);
  const entries: NewEntry[] = [];
  for (let run = 0; run < 3; run += 1) {
    await bench.open();
    entries.push(...(await bench.write(10, 700)));
    await bench.close();
  }
  return entries;
}

function covers(missing: readonly MissingMessages[], { first }: NewEntry): boolean {
  return missing.some(
    ({ run, firstSeq, lastSeq }) =>
      run === first.run && firstSeq <= first.seq && (lastSeq === undefined || first.seq <= lastSeq),
  );
}

test('a tail torn at any byte of the last entry costs that entry only, and is not taken for damage', async (t) => {
  const files = new MemoryFiles();
  const bench = benchOn(files);
  await bench.open();
  const entries = await bench.write(3, 80);
  await bench.close();
  const [path = ''] = segmentsOf(files);
  const whole = Buffer.from(files.content(path));
  const begins = whole.lastIndexOf('OAFE');
  const cursor = Buffer.from(files.content('/journal/cursor.json'));

  for (let length = begins; length < whole.length; length += 1) {
    const torn = new MemoryFiles();
    await torn.mkdir('/journal/segments');
    await torn.mkdir('/journal/quarantine');
    await torn.mkdir('/journal/lock');
    torn.put('/journal/cursor.json', cursor);
    torn.put(path, whole.subarray(0, length));
    const reopened = benchOn(torn);
    await reopened.open();

    t.is(reopened.journal.positions[0]?.offset, 200);
    t.is(reopened.journal.follows?.seq, 2);
    const again = await reopened.write(1);
    t.deepEqual((await reopened.readAll()).map(JournalBench.plain), [...entries.slice(0, 2), ...again], `${length}`);
    t.deepEqual(reopened.notices, []);
    t.is(torn.content(path).length, begins);
    await reopened.close();
  }
});

test('a flipped bit anywhere costs no more than the entry it hits, and is told once with what is missing', async (t) => {
  const original = new MemoryFiles();
  const entries = await written(original);
  const paths = segmentsOf(original);
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const files = original.copy();
    const path = paths[(seed * 7) % paths.length] ?? '';
    const content = Buffer.from(files.content(path));
    const at = (seed * 7919 + 13) % content.length;
    content[at] = (content[at] ?? 0) ^ (1 << (seed % 8));
    files.put(path, content);

    const bench = benchOn(files);
    await bench.open();
    const follows = bench.journal.follows;
    const found = await bench.readAll();
    const lost = entries.filter((entry) => !found.some(({ frames }) => frames.equals(entry.frames)));
    const what = `seed ${seed}, ${path} ${at}`;
    t.true(lost.length <= 1, what);
    t.deepEqual(seqs(found), seqs(entries.filter((entry) => !lost.includes(entry))), what);

    const damages = damagesOf(bench);
    t.is(damages.length, 1, what);
    t.true(
      lost.every((entry) =>
        covers(
          damages.flatMap(({ missing }) => missing),
          entry,
        ),
      ),
      what,
    );
    const behind = bench.journal.positions[0]?.offset ?? 0;
    const again = damages.flatMap(({ ranges }) => ranges);
    t.true(
      lost.every(
        ({ from, to }) => again.some((range) => range.from === from && range.to === to?.offset) || behind === from,
      ),
      what,
    );
    t.true(
      follows !== undefined && entries.some(({ first }) => first.run === follows.run && first.seq === follows.seq),
      what,
    );
    t.is(quarantined(files).length, 1, what);
    t.is(bench.said.filter(({ facts }) => facts.file === path && typeof facts.offset === 'number').length, 1, what);
    t.is(bench.journal.state().quarantined, 1, what);

    await bench.reopen();
    await bench.readAll();
    t.is(damagesOf(bench).length, 1, what);
    t.is(quarantined(files).length, 1, what);
    await bench.close();
  }
});

test('damage that the agent has not dealt with before it dies is told again, and the cursor waits for it', async (t) => {
  const files = new MemoryFiles();
  await written(files);
  const [path = ''] = segmentsOf(files);
  const content = Buffer.from(files.content(path));
  content[content.length >>> 1] = 0;
  files.put(path, content);
  const told: string[] = [];
  let settle = () => {};
  const bench = new JournalBench(
    '/journal',
    {},
    {
      files,
      lock: withoutLock,
      notice: ({ kind }) => {
        told.push(kind);
        return new Promise((resolve) => {
          settle = resolve;
        });
      },
    },
  );

  await bench.open();
  await bench.readAll();
  await bench.journal.acknowledge(20);
  t.true(bench.journal.cursor < 10);
  await bench.reopen();
  await bench.readAll();
  await bench.journal.acknowledge(20);
  t.deepEqual(told, ['damaged', 'damaged']);

  settle();
  while (bench.journal.cursor < 20) await new Promise(setImmediate);
  await bench.reopen();
  await bench.readAll();
  t.deepEqual(told, ['damaged', 'damaged']);
});

test('a missing segment is told with its messages and the ranges to read again', async (t) => {
  const files = new MemoryFiles();
  const entries = await written(files);
  const paths = segmentsOf(files);
  const [, second = '', third = ''] = paths;
  const firstOf = (path: string) => Number(/(\d{20})/.exec(path)?.[1]);
  files.remove(second);
  const bench = benchOn(files);
  await bench.open();

  const found = await bench.readAll();

  const lost = entries.slice(firstOf(second) - 1, firstOf(third) - 1);
  t.true(lost.length > 1);
  t.deepEqual(found.length, entries.length - lost.length);
  const [damage] = damagesOf(bench);
  t.deepEqual(damage?.missing, [
    { run: lost[0]?.first.run, firstSeq: lost[0]?.first.seq, lastSeq: lost.at(-1)?.first.seq },
  ]);
  t.deepEqual(
    damage?.ranges.map(({ from, to }) => [from, to]),
    [[lost[0]?.from, lost.at(-1)?.to?.offset]],
  );
  t.is(damage?.bytes, 0);
});

for (const which of ['newest', 'oldest'] as const) {
  test(`the ${which} segment that is removed under the running journal is told, and no more is lost in it`, async (t) => {
    const files = new MemoryFiles();
    const bench = benchOn(files);
    await bench.open();
    const entries = await bench.write(12, 700);
    const path = segmentsOf(files).at(which === 'newest' ? -1 : 0) ?? '';
    files.remove(path);

    const reader = bench.reader();
    const found = await bench.readAll(reader);
    const lost = entries.filter(({ first }) => !seqs(found).includes(first.seq));
    t.true(lost.length > 0);
    const [damage, ...others] = damagesOf(bench);
    t.true(lost.every((entry) => covers(damage?.missing ?? [], entry)));
    t.deepEqual(others, []);

    const append = async () => {
      await bench.journal.append({ ...bench.entry(700), first: { run: bench.journal.run, seq: 13 } });
      await bench.journal.flushed();
    };
    if (which === 'newest') {
      await t.throwsAsync(append, { code: 'journal-failed' });
      await bench.journal.recover(AbortSignal.timeout(20_000));
    }
    await append();
    t.deepEqual(seqs(await bench.readAll(reader)), [13]);
    t.is(damagesOf(bench).length, 1);
    await bench.reopen();
    t.is(seqs(await bench.readAll()).at(-1), 13);
  });
}

test('a segment of another journal is set aside, and what it stood for is told', async (t) => {
  const [files, others] = [new MemoryFiles(), new MemoryFiles()];
  await written(files);
  await written(others);
  const [, second = ''] = segmentsOf(files);
  files.put(second, others.content(second));
  const bench = benchOn(files);
  await bench.open();
  await bench.readAll();

  t.is(files.paths.filter((path) => path.endsWith('.foreign')).length, 1);
  t.is(damagesOf(bench).length, 1);
  t.true(bench.said.some(({ message }) => message === 'A segment of another journal was set aside'));
});

const cursors: Record<string, (files: MemoryFiles) => void | Promise<void>> = {
  missing: (files) => files.remove('/journal/cursor.json'),
  zeroed: (files) => files.put('/journal/cursor.json', Buffer.alloc(80)),
  'from the future': (files) => {
    const { journal } = JSON.parse(files.content('/journal/cursor.json').toString());
    return writeCursor('/journal/cursor.json', { journal, entry: 999 }, files);
  },
  'of another journal': (files) => writeCursor('/journal/cursor.json', { journal: 'ab'.repeat(16), entry: 25 }, files),
};

for (const [which, harm] of Object.entries(cursors)) {
  test(`a cursor that is ${which} costs repeats, and one line in the log`, async (t) => {
    const files = new MemoryFiles();
    const entries = await written(files);
    const bench = benchOn(files);
    await bench.open();
    await bench.journal.acknowledge(entries.length);
    await bench.close();
    await harm(files);

    await bench.open();
    const found = await bench.readAll();

    t.true(found.length > 0);
    t.deepEqual(seqs(found), seqs(entries.slice((found[0]?.number ?? 1) - 1, found.at(-1)?.number)));
    t.is(bench.said.filter(({ message }) => message.startsWith('The cursor cannot be used')).length, 1);
    t.deepEqual(damagesOf(bench), []);
  });
}
