import test from 'ava';
import type { Dropped } from '../../../src/journal/types.js';
import { hastyClock } from '../../support/hasty-clock.js';
import { JournalBench, withoutLock } from '../../support/journal-bench.js';
import { MemoryFiles, systemError } from '../../support/memory-files.js';

const never = new AbortController().signal;

function benchOn(files: MemoryFiles): JournalBench {
  return new JournalBench(
    '/journal',
    { maxBytes: 20_000, whenFull: 'drop-oldest' },
    { files, lock: withoutLock, clock: hastyClock() },
  );
}

async function write(bench: JournalBench, count: number): Promise<void> {
  for (let entry = 0; entry < count; entry += 1) {
    await bench.journal.room(never);
    await bench.write(1, 500);
  }
}

const droppedOf = (bench: JournalBench) =>
  bench.notices.filter((notice): notice is Dropped => notice.kind === 'dropped');

test('each word of what was dropped tells of all since the last that was acknowledged, over restarts too', async (t) => {
  const bench = benchOn(new MemoryFiles());
  const { run: first } = await bench.open();
  await write(bench, 100);
  const [, ...later] = droppedOf(bench);
  t.true(later.length > 2);
  for (const { messages, missing } of later) t.deepEqual(missing, [{ run: first, firstSeq: 1, lastSeq: messages }]);
  t.is(later.at(-1)?.messages, bench.journal.state().dropped);

  const { run: second } = await bench.reopen();
  await write(bench, 100);
  const last = droppedOf(bench).at(-1);
  const [ofFirst, ofSecond, ...others] = last?.missing ?? [];
  t.deepEqual(ofFirst, { run: first, firstSeq: 1, lastSeq: 100 });
  t.like(ofSecond, { run: second, firstSeq: 1 });
  t.deepEqual(others, []);
  t.is(last?.messages, 100 + (ofSecond?.lastSeq ?? 0));

  await bench.journal.acknowledge(bench.journal.state().synced);
  await write(bench, 60);
  t.true((droppedOf(bench).at(-1)?.missing[0]?.firstSeq ?? 0) > 100, 'what was acknowledged is not told again');
});

test('a record of what was dropped that cannot be written or read costs a report, no message', async (t) => {
  const files = new MemoryFiles();
  const bench = benchOn(files);
  await bench.open();
  files.fault = (call, path) => (call === 'rename' && path.endsWith('dropped.json') ? systemError('EIO') : undefined);
  await write(bench, 60);
  files.fault = () => undefined;
  files.put('/journal/dropped.json', Buffer.from('{"messages":"many"}'));
  await bench.reopen();
  await write(bench, 60);

  const messages = bench.said
    .filter(({ message }) => message.startsWith('What was dropped'))
    .map(({ message }) => message);
  t.deepEqual(
    [...new Set(messages)],
    [
      'What was dropped cannot be saved: after a restart less of it is reported',
      'What was dropped before the start cannot be reported again',
    ],
  );
});
