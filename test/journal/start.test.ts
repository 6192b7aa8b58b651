import { crc32 } from 'node:zlib';
import test from 'ava';
import { encodeSegmentHead } from '../../src/journal/format/segment.js';
import { JournalBench, withoutLock } from '../support/journal-bench.js';
import { MemoryFiles } from '../support/memory-files.js';

const segmentsOf = (files: MemoryFiles) => files.paths.filter((path) => path.endsWith('.segment'));

async function backlog(files: MemoryFiles): Promise<JournalBench> {
  const bench = new JournalBench('/journal', { segmentBytes: 200_000, maxBytes: 1e8 }, { files, lock: withoutLock });
  await bench.open();
  await bench.write(60, 90_000);
  await bench.close();
  files.calls.length = 0;
  return bench;
}

test('a start reads the heads of old segments and only the newest one whole', async (t) => {
  const files = new MemoryFiles();
  const bench = await backlog(files);
  await bench.open();

  const newest = segmentsOf(files).at(-1);
  const old = files.calls.filter(({ call, path }) => call === 'read' && path.endsWith('.segment') && path !== newest);
  t.is(old.length, segmentsOf(files).length - 1);
  t.true(old.every(({ bytes }) => bytes <= 64 * 1024));
  t.is(bench.journal.state().messagesWaiting, 60);
});

test('a journal of a later version is refused before anything is touched', async (t) => {
  const files = new MemoryFiles();
  const bench = await backlog(files);
  const [path = ''] = segmentsOf(files);
  const later = Buffer.from(files.content(path));
  const head = encodeSegmentHead({ journal: 'ab', first: 1, messages: 0, createdAtMs: 0, positions: [] });
  head.writeUInt16BE(2, 4);
  head.writeUInt32BE(crcOf(head), 12);
  head.copy(later);
  files.put(path, later);
  const before = files.copy();

  await t.throwsAsync(bench.open(), { code: 'journal-newer', message: /later version/ });

  t.deepEqual(files.paths, before.paths);
  for (const each of files.paths) t.true(files.content(each).equals(before.content(each)));
});

test('a whole directory that is gone is a new journal', async (t) => {
  const files = new MemoryFiles();
  const bench = await backlog(files);
  for (const path of files.paths) files.remove(path);
  await bench.open();

  t.is(bench.journal.follows, undefined);
  t.deepEqual(bench.journal.positions, []);
  await bench.write(2);
  t.is((await bench.readAll()).length, 2);
});

test('a machine set back to yesterday uses no name of a message again', async (t) => {
  const files = new MemoryFiles();
  const bench = await backlog(files);
  const yesterday = files.copy();
  await bench.open();
  const today = await bench.write(3);

  const back = bench.on(yesterday);
  await back.open();
  const again = await back.write(3);

  t.deepEqual(
    again.map(({ from }) => from),
    today.map(({ from }) => from),
  );
  t.not(again[0]?.first.run, today[0]?.first.run);
});

function crcOf(head: Buffer): number {
  return crc32(head.subarray(16), crc32(head.subarray(0, 12)));
}
