import { mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'ava';
import { append, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

const FILES = 1000;

test('a thousand files are read through eight descriptors, and rotated all at once without a missing line', async (t) => {
  const directory = temporaryDirectory(t);
  const logs = Array.from({ length: FILES }, (_, n) => join(directory, `${n % 10}`, `${n}.log`));
  for (let n = 0; n < 10; n++) mkdirSync(join(directory, `${n}`));
  for (const log of logs) append(log, ...numbered(basename(log), 3));
  const recorder = await Recorder.open(t, [{ paths: [join(directory, '*', '*.log')] }], { maxOpenFiles: 8 });
  const first = logs.flatMap((log) => numbered(basename(log), 3));
  await recorder.expect(first, 'any order');
  t.true(recorder.sources.files().filter(({ open }) => open).length <= 8);

  for (const log of logs) {
    append(log, ...numbered(basename(log), 2, 4));
    renameSync(log, `${log}.1`);
    append(log, ...numbered(`${basename(log)} new`, 2));
    append(`${log}.1`, `${basename(log)} late`);
  }

  const second = logs.flatMap((log) => [
    ...numbered(basename(log), 2, 4),
    ...numbered(`${basename(log)} new`, 2),
    `${basename(log)} late`,
  ]);
  await recorder.expect([...first, ...second], 'any order');
  await recorder.restart();
  await recorder.quiet();
  await recorder.expect([...first, ...second], 'any order');
});

test('a file that floods does not starve the others', async (t) => {
  const directory = temporaryDirectory(t);
  const recorder = await Recorder.open(t, [{ paths: [join(directory, '*.log')] }]);
  await recorder.pause();
  append(join(directory, 'flood.log'), ...numbered('flood '.repeat(100), 20_000));
  for (let n = 0; n < 20; n++) append(join(directory, `quiet-${n}.log`), `quiet ${n}`);
  await recorder.until(() => recorder.sources.files().length === 21, 'all files to be seen');
  recorder.resume();
  await recorder.until(() => recorder.lines().length === 20_020, 'all lines');

  const lastQuiet = recorder.chunks.map(({ from }) => from.path.includes('quiet')).lastIndexOf(true);
  t.true(lastQuiet <= 21, `the last quiet file came as chunk ${lastQuiet}`);
});
