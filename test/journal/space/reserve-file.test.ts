import test from 'ava';
import { hastyClock } from '../../support/hasty-clock.js';
import { JournalBench, withoutLock } from '../../support/journal-bench.js';
import { MemoryFiles, systemError } from '../../support/memory-files.js';

const never = new AbortController().signal;
const BALLAST = '/journal/ballast';

/** A disk on which so many bytes are free; whatever is beyond is refused with `code`. */
function diskOf(bytes: number, code = 'ENOSPC') {
  const files = new MemoryFiles();
  const disk = { files, bytes };
  const free = () => disk.bytes - files.paths.reduce((sum, path) => sum + files.content(path).length, 0);
  files.fault = (call, path) =>
    ['write', 'mkdir'].includes(call) && free() <= 0 ? systemError(code, path) : undefined;
  files.volume = async () => ({ totalBytes: 1e6, freeBytes: Math.max(0, free()), type: 0xef53 });
  return disk;
}

function benchOn(files: MemoryFiles): JournalBench {
  return new JournalBench('/journal', { reserveFileBytes: 2000 }, { files, lock: withoutLock, clock: hastyClock() });
}

for (const code of ['ENOSPC', 'EDQUOT']) {
  test(`a write that meets ${code} makes room for the word of it, and lines wait until there is more`, async (t) => {
    const disk = diskOf(10_000, code);
    const bench = benchOn(disk.files);
    await bench.open();
    await bench.write(2);
    t.is(disk.files.content(BALLAST).length, 2000);

    disk.bytes = 0;
    await t.throwsAsync(bench.write(1, 500), { code: 'journal-failed' });
    t.false(disk.files.paths.includes(BALLAST));
    disk.bytes = disk.files.paths.reduce((sum, path) => sum + disk.files.content(path).length, 0) + 2000;
    await bench.journal.recover(never);
    const waiting = bench.journal.room(never);
    while (!bench.journal.state().full) await new Promise(setImmediate);
    t.is(bench.journal.state().limit, 'disk');
    t.deepEqual(
      bench.notices.map((notice) => (notice.kind === 'full' ? notice.limit : notice.kind)),
      ['disk'],
    );
    await bench.journal.append(bench.entry(300), { own: true });
    await bench.journal.flushed();

    disk.bytes += 10_000;
    await waiting;
    t.is(disk.files.content(BALLAST).length, 2000);
    t.is(bench.journal.state().limit, undefined);
    t.deepEqual(
      bench.notices.map(({ kind }) => kind),
      ['full', 'room'],
    );
  });
}

test('a start on a full disk reads no lines, and goes on by itself when there is room', async (t) => {
  const disk = diskOf(10_000);
  const bench = benchOn(disk.files);
  await bench.open();
  await bench.write(2);
  await bench.close();
  disk.files.remove(BALLAST);
  disk.bytes = disk.files.paths.reduce((sum, path) => sum + disk.files.content(path).length, 0) + 1000;

  await bench.open();
  const waiting = bench.journal.room(never);
  while (!bench.journal.state().full) await new Promise(setImmediate);
  t.false(disk.files.paths.includes(BALLAST));
  disk.bytes += 10_000;
  await waiting;
  t.true(disk.files.paths.includes(BALLAST));
});

test('a disk that is full again after each recovery is not tried without a pause', async (t) => {
  const disk = diskOf(10_000);
  const slept: number[] = [];
  const clock = hastyClock();
  const bench = new JournalBench(
    '/journal',
    { reserveFileBytes: 2000 },
    {
      files: disk.files,
      lock: withoutLock,
      clock: {
        ...clock,
        sleep: (ms, signal) => {
          slept.push(ms);
          return clock.sleep(ms, signal);
        },
      },
    },
  );
  await bench.open();
  await bench.write(1);
  const { fault } = disk.files;
  // A new segment's head fits in each time; what comes after it does not.
  disk.files.fault = (call, path) =>
    call === 'write' && path.endsWith('.segment') ? systemError('ENOSPC') : fault(call, path);
  slept.length = 0;
  for (let round = 0; round < 6; round += 1) {
    await t.throwsAsync(bench.write(1), { code: 'journal-failed' });
    await bench.journal.recover(never);
  }
  t.deepEqual(
    slept.filter((ms) => ms > 0),
    [100, 200, 400, 800, 1600],
  );
  t.is(bench.said.filter(({ message }) => message === 'The journal cannot be written').length, 1);
});
