/**
 * A stop is heard at once, whatever there is to look at: what is counted is the work that is done after it was asked
 * for. Nothing is lost by that: what was not read is read after the next start.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { CountedFiles } from '../../support/counted-files.js';
import { append, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

const MANY = 1_500;
/** Some calls are under way when the stop comes, and the open files are looked at. */
const FEW = 300;

function writeMany(directory: string, lines = 1): string[] {
  const names = Array.from({ length: MANY }, (_, n) => `${n}.log`);
  for (const name of names) append(join(directory, name), ...numbered(name, lines));
  return names.flatMap((name) => numbered(name, lines));
}

test('a stop in the middle of a look at thousands of files ends it', async (t) => {
  const directory = temporaryDirectory(t);
  const lines = writeMany(directory);
  const files = new CountedFiles();
  const recorder = await Recorder.open(t, [{ paths: [join(directory, '*.log')] }], { files });
  await recorder.expect(lines, 'any order');
  await recorder.quiet();

  append(join(directory, '7.log'), 'late');
  files.calls = 0;
  await recorder.until(() => files.calls > MANY / 4, 'the next look to be under way');
  const before = files.calls;
  await recorder.stop();
  const after = files.calls - before;
  t.true(after < FEW, `${after} calls after the stop was asked for`);

  await recorder.start();
  await recorder.expect([...lines, 'late'], 'any order');
});

test('a stop while the agent starts ends the first look', async (t) => {
  const directory = temporaryDirectory(t);
  const lines = writeMany(directory);
  const files = new CountedFiles();
  const stop = new AbortController();
  let before = 0;
  files.called = () => {
    if (files.calls < MANY / 4 || stop.signal.aborted) return;
    before = files.calls;
    stop.abort();
  };
  const recorder = await Recorder.open(t, [{ paths: [join(directory, '*.log')] }], { files, stop: stop.signal });
  await recorder.stop();
  t.true(files.calls - before < FEW, `${files.calls - before} calls after the stop was asked for`);
  t.deepEqual(recorder.lines(), []);

  const second = await Recorder.open(t, [{ paths: [join(directory, '*.log')] }]);
  await second.expect(lines, 'any order');
});

test('a stop amid thousands of files that have nothing to read asks no more of them', async (t) => {
  const directory = temporaryDirectory(t);
  for (let n = 0; n < MANY; n++) writeFileSync(join(directory, `${n}.log`), '');
  const files = new CountedFiles();
  const recorder = await Recorder.open(t, [{ paths: [join(directory, '*.log')] }], { files, maxOpenFiles: 8 });
  await recorder.until(() => files.calls > MANY * 1.5, 'the files to be opened');
  const before = files.calls;
  await recorder.stop();
  t.true(files.calls - before < FEW, `${files.calls - before} calls after the stop was asked for`);
});

test('a file that was deleted or moved just before the stop is read, or found after the next start', async (t) => {
  const directory = temporaryDirectory(t);
  const logs = ['deleted', 'moved', 'away', 'stays'].map((name) => join(directory, `${name}.log`));
  const [deleted, moved, away] = logs as [string, string, string];
  for (const log of logs) append(log, `first of ${log}`);
  const recorder = await Recorder.open(t, [{ paths: [join(directory, '*.log')] }], { pollMs: 3_600_000 });
  const all = logs.map((log) => `first of ${log}`);
  await recorder.expect(all, 'any order');
  await recorder.pause();
  for (const log of logs) append(log, `second of ${log}`);
  all.push(...logs.map((log) => `second of ${log}`));
  rmSync(deleted);
  renameSync(moved, `${moved}.1`);
  renameSync(away, join(temporaryDirectory(t), 'out-of-sight'));

  await recorder.stopReadingDeleted();
  const read = recorder.lines().filter((line) => line.startsWith('second'));
  t.deepEqual(read.sort(), [`second of ${away}`, `second of ${deleted}`]);
  await recorder.start();
  await recorder.expect(all, 'any order');
  await recorder.restart();
  await recorder.expect(all, 'any order');
  t.deepEqual(recorder.notices, []);
});
