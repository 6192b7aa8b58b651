import { appendFileSync, closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { append, numbered, openPaths, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

test('a file deleted while unread is read to its end, and then let go', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log, 'one');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(['one']);

  await recorder.pause();
  append(log, ...numbered('unread', 50_000));
  appendFileSync(log, 'the last, without newline');
  rmSync(log);
  await recorder.quiet();
  t.is(openPaths(log).length, 1);
  recorder.resume();

  await recorder.expect(['one', ...numbered('unread', 50_000), 'the last, without newline']);
  await recorder.until(() => openPaths(log).length === 0, 'the descriptor to be closed');
  t.is(recorder.chunks.findLast(({ bytes }) => bytes.length > 0)?.ending, 'final');
  t.deepEqual(recorder.notices, []);
});

test('what a writer that still holds a deleted file goes on writing is read', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const writer = openSync(log, 'a');
  t.teardown(() => closeSync(writer));
  writeSync(writer, 'one\n');
  const recorder = await Recorder.open(t, [{ paths: [log] }], { pollMs: 200 });
  await recorder.expect(['one']);

  rmSync(log);
  writeSync(writer, 'two\n');
  append(log, 'new');

  await recorder.expect(['one', 'two', 'new'], 'any order');
});

test('a tail whose file is gone is forgotten in the journal, too, in the end', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log, 'one');
  let aheadMs = 0;
  const clock = {
    nowMs: () => Date.now() + aheadMs,
    monotonicMs: () => performance.now() + aheadMs,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(ms, 50));
        signal?.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
  const recorder = await Recorder.open(t, [{ paths: [log] }], { clock });
  await recorder.expect(['one']);

  rmSync(log);
  await recorder.until(() => recorder.sources.files().length === 0, 'the file to be let go');
  t.is(recorder.positions().length, 1);
  aheadMs = 3_600_000;

  await recorder.until(() => recorder.positions().length === 0, 'the position to be forgotten');
});
