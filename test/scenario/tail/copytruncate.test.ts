import { copyFileSync, renameSync, symlinkSync, truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { append, copyTruncate, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

for (const pattern of ['audit.log', 'audit.log*']) {
  test(`copytruncate loses and repeats nothing that is in the copy, followed as ${pattern}`, async (t) => {
    const directory = temporaryDirectory(t);
    const log = join(directory, 'audit.log');
    append(log, ...numbered('first', 100));
    const recorder = await Recorder.open(t, [{ paths: [join(directory, pattern)] }]);
    await recorder.expect(numbered('first', 100));

    append(log, ...numbered('second', 100));
    copyTruncate(log, `${log}.1`);
    append(log, ...numbered('third', 5));

    const all = [...numbered('first', 100), ...numbered('second', 100), ...numbered('third', 5)];
    await recorder.expect(all);
    await recorder.restart();
    await recorder.quiet();
    await recorder.expect(all);
    t.deepEqual(recorder.notices, []);
  });

  test(`copytruncate while nothing can be read finds the unread rest in the copy, followed as ${pattern}`, async (t) => {
    const directory = temporaryDirectory(t);
    const log = join(directory, 'audit.log');
    append(log, ...numbered('first', 100));
    const recorder = await Recorder.open(t, [{ paths: [join(directory, pattern)] }]);
    await recorder.expect(numbered('first', 100));

    await recorder.pause();
    append(log, ...numbered('second', 20_000));
    copyTruncate(log, `${log}.1`);
    append(log, ...numbered('third', 40_000));
    await recorder.quiet();
    recorder.resume();

    const all = [...numbered('first', 100), ...numbered('second', 20_000), ...numbered('third', 40_000)];
    await recorder.expect(all);
  });
}

test('all that was written to an empty log and copied away while the agent was stopped is found', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log);
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.until(() => recorder.chunks.length > 0, 'the empty log to be known');
  await recorder.stop();

  const all: string[] = [];
  for (const round of [1, 2, 3]) {
    const lines = numbered(`round ${round} line`, 5);
    all.push(...lines);
    append(log, ...lines);
    copyTruncate(log, `${log}.${4 - round}`);
  }
  append(log, 'later');
  // Long after the copies were made.
  utimesSync(log, new Date(), new Date(Date.now() + 3_600_000));
  await recorder.start();

  await recorder.expect([...all, 'later'], 'any order');
});

test('a copy is known by its text when the log that it was made of is truncated and out of reach', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log, 'read');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(['read']);

  copyTruncate(log, `${log}.1`);
  renameSync(log, `${log}~`);
  symlinkSync(log, log);
  await recorder.until(() => recorder.sources.files().some(({ code }) => code === 'ELOOP'), 'the loop to be seen');
  await recorder.quiet();

  await recorder.expect(['read']);
});

for (const [size, later] of [
  ['little', 50],
  ['much', 5_000],
] as const) {
  test(`a copy is not sent again when ${size} was written and read between copy and truncation`, async (t) => {
    const log = join(temporaryDirectory(t), 'audit.log');
    append(log, ...numbered('copied', 1_000));
    const recorder = await Recorder.open(t, [{ paths: [`${log}*`] }]);
    await recorder.expect(numbered('copied', 1_000));

    copyFileSync(log, `${log}.1`);
    append(log, ...numbered('read in between', later));
    await recorder.expect([...numbered('copied', 1_000), ...numbered('read in between', later)]);
    truncateSync(log);
    append(log, 'anew');

    const all = [...numbered('copied', 1_000), ...numbered('read in between', later), 'anew'];
    await recorder.expect(all);
    await recorder.quiet();
    await recorder.expect(all);
  });
}
