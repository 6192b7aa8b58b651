/** SIGHUP: the sources are taken down and built again, in the same process. */
import { appendFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { append, numbered, openPaths, temporaryDirectory } from '../../support/files.js';
import { complete, Recorder } from '../../support/recorder.js';

test('a file that was deleted before its rest was read is read on after SIGHUP', async (t) => {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  append(log, 'read');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(['read']);
  await recorder.pause();
  append(log, ...numbered('unread', 20_000));
  rmSync(log);
  await recorder.quiet();

  await recorder.reload();

  await recorder.expect(['read', ...numbered('unread', 20_000)]);
  await recorder.until(() => openPaths(directory).length === 0, 'the file to be let go');
  t.deepEqual(recorder.notices, []);
});

test('files that are deleted, seen or unseen, while SIGHUP is heeded are read to their end', async (t) => {
  const directory = temporaryDirectory(t);
  const [known, fresh, cut] = ['known.log', 'fresh.log', 'cut.log'].map((name) => join(directory, name));
  append(known!, 'known');
  append(cut!, 'cut');
  const recorder = await Recorder.open(t, [{ paths: [join(directory, '*.log')] }]);
  await recorder.expect(['known', 'cut'], 'any order');
  await recorder.pause();
  append(known!, 'known and unread');
  append(fresh!, 'never read before');
  await recorder.until(() => recorder.sources.files().length === 3, 'the new file to be seen');
  await recorder.quiet();

  await recorder.reload(undefined, () => {
    appendFileSync(known!, 'written last, without newline');
    rmSync(known!);
    rmSync(fresh!);
    truncateSync(cut!);
    append(cut!, 'anew');
  });

  const all = ['known', 'cut', 'known and unread', 'written last, without newline', 'never read before', 'anew'];
  await recorder.expect(all, 'any order');
  await recorder.quiet();
  await recorder.expect(all, 'any order');
  // How much had been written to the one that was cut meanwhile, nobody knows.
  t.deepEqual(
    recorder.notices.map(({ path, toOffset }) => [path, toOffset]),
    [[cut, undefined]],
  );
});

test('what the journal has never taken of a deleted file is read again after SIGHUP, though it had been read before', async (t) => {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  append(log, 'read, and not on disk');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(['read, and not on disk']);
  await recorder.pause();
  append(log, 'unread');
  rmSync(log);
  await recorder.quiet();

  await recorder.reload(undefined, () => recorder.forget(recorder.chunks.length));

  await recorder.expect(['read, and not on disk', 'unread']);
});

test('a deleted file is read to its end although its source has another name after SIGHUP', async (t) => {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  append(log, 'read');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(['read']);
  await recorder.pause();
  append(log, ...numbered('unread', 2_000));
  rmSync(log);
  await recorder.quiet();

  await recorder.reload([complete({ name: 'clinic', paths: [log] })]);

  await recorder.expect(['read', ...numbered('unread', 2_000)]);
  t.is(recorder.chunks.at(-1)?.to.source, 'clinic');
});

test('a source that is added, removed or renamed repeats and loses nothing, and leaves no file open', async (t) => {
  const directory = temporaryDirectory(t);
  const [a, b] = [join(directory, 'a.log'), join(directory, 'b.log')];
  const [first, second] = [complete({ name: 'first', paths: [a] }), complete({ name: 'second', paths: [b] })];
  append(a, 'a 1');
  append(b, 'b 1');
  const recorder = await Recorder.open(t, [first]);
  await recorder.expect(['a 1']);

  await recorder.reload([first, second]);
  await recorder.expect(['a 1', 'b 1']);
  append(a, 'a 2');
  await recorder.expect(['a 1', 'b 1', 'a 2']);

  await recorder.reload([second]);
  append(a, 'a 3, while nobody follows it');
  append(b, 'b 2');
  await recorder.expect(['a 1', 'b 1', 'a 2', 'b 2']);
  t.deepEqual(openPaths(a), []);

  await recorder.reload([complete({ name: 'all', paths: [join(directory, '*.log')] })]);
  const all = ['a 1', 'b 1', 'a 2', 'b 2', 'a 3, while nobody follows it'];
  await recorder.expect(all);
  await recorder.quiet();
  await recorder.expect(all);
  t.deepEqual(recorder.notices, []);
});
