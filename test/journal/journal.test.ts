import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AgentError } from '../../src/lib/errors.js';
import { JournalBench, positionAt } from '../support/journal-bench.js';

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

  const reader = bench.reader();
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

test('a directory or file that others can read is refused with the command that closes it', async (t) => {
  const bench = await opened(t);
  await bench.write(1);
  await bench.close();

  await chmod(bench.directory, 0o750);
  await t.throwsAsync(bench.open(), { code: 'journal-exposed' });
  await chmod(bench.directory, 0o700);
  const [segment = ''] = await readdir(join(bench.directory, 'segments'));
  await chmod(join(bench.directory, 'segments', segment), 0o644);
  const error = await t.throwsAsync(bench.open(), { instanceOf: AgentError });

  t.is(error?.code, 'journal-exposed');
  t.is(error?.hint, `run: chmod 0600 ${join(bench.directory, 'segments', segment)}`);
});

test('everything that the journal makes is closed to others', async (t) => {
  const bench = await opened(t);
  await bench.write(1);
  await bench.journal.acknowledge(1);
  const names = await readdir(bench.directory, { recursive: true });
  for (const name of names) {
    const state = await stat(join(bench.directory, name));
    if (!state.isSocket()) t.is(state.mode & 0o077, 0, name);
  }
});

test('two journals cannot be open in one directory, and the first is none the worse', async (t) => {
  const bench = await opened(t);
  const second = new JournalBench(bench.directory);
  await t.throwsAsync(second.open(), { code: 'journal-locked', message: new RegExp(`process ${process.pid}`) });
  await bench.write(2);
  t.is((await bench.readAll()).length, 2);
});

test('a reader that waits at the end is woken by the next synced entry, and by nothing earlier', async (t) => {
  const bench = await opened(t);
  const reader = bench.reader();
  t.deepEqual(await reader.next(1000), []);
  const grown = reader.grown(new AbortController().signal);
  await bench.write(1);
  await grown;
  t.is((await reader.next(1000)).length, 1);

  const given = new AbortController();
  const waiting = reader.grown(given.signal);
  given.abort();
  await waiting;
  await reader.close();
  t.deepEqual(reader.at.entry, 1);
});

test('reading can go on at a place remembered from another reader', async (t) => {
  const bench = await opened(t);
  await bench.write(50, 400);
  const reader = bench.reader();
  await reader.next(7000);
  const place = reader.at;
  const rest = await bench.readAll(reader);
  t.true(rest.length > 10);
  t.deepEqual(await bench.readAll(bench.reader(place)), rest);
});

test('an entry may be bigger than a segment, and one that is empty moves its tail', async (t) => {
  const bench = await opened(t);
  const big = bench.entry(100_000);
  const { to: _, ...none } = bench.entry();
  await bench.journal.append(big);
  await bench.journal.append({ ...none, to: { ...positionAt(900), gone: true }, count: 0, frames: Buffer.alloc(0) });
  await bench.journal.append({ ...bench.entry(), from: undefined, to: undefined }, { own: true });
  await bench.journal.flushed();

  t.deepEqual(
    (await bench.readAll()).map(({ count, frames, to }) => [count, frames.length, to?.offset]),
    [
      [1, 100_000, 100],
      [0, 0, 900],
      [1, 100, undefined],
    ],
  );
  t.deepEqual(bench.journal.positions, []);
});

test('state counts what waits, exactly when little does', async (t) => {
  const bench = await opened(t);
  const startedAtMs = Date.now();
  await bench.write(30, 300);
  await bench.journal.acknowledge(12);
  const { entriesWaiting, messagesWaiting, oldestUnacknowledgedAtMs = 0 } = bench.journal.state();
  t.deepEqual([entriesWaiting, messagesWaiting], [18, 18]);
  t.true(oldestUnacknowledgedAtMs >= startedAtMs && oldestUnacknowledgedAtMs <= Date.now());

  await bench.journal.acknowledge(30);
  t.is(bench.journal.state().messagesWaiting, 0);
  t.is(bench.journal.state().oldestUnacknowledgedAtMs, undefined);
});
