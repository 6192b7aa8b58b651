import { renameSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { append, copyTruncate, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

const HEADER = 'the same header line, every time '.repeat(40);

test('files with the same first kilobyte are told apart', async (t) => {
  const directory = temporaryDirectory(t);
  const [a, b] = [join(directory, 'a.log'), join(directory, 'b.log')];
  append(a, HEADER, ...numbered('a', 5));
  append(b, HEADER, ...numbered('b', 5));
  const recorder = await Recorder.open(t, [{ paths: [join(directory, '*.log')] }]);
  const all = [HEADER, HEADER, ...numbered('a', 5), ...numbered('b', 5)];
  await recorder.expect(all, 'any order');

  await recorder.stop();
  renameSync(a, `${a}x`);
  renameSync(b, a);
  renameSync(`${a}x`, b);
  append(a, 'swapped');
  await recorder.start();

  await recorder.expect([...all, 'swapped'], 'any order');
});

test('a log that begins with a constant header is read from its start after every rotation', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const recorder = await Recorder.open(t, [{ paths: [`${log}*`] }]);
  const all: string[] = [];
  for (let round = 1; round <= 4; round++) {
    const lines = [HEADER, ...numbered(`round ${round} line`, round)];
    all.push(...lines);
    append(log, ...lines);
    await recorder.expect(all);
    renameSync(log, `${log}.${round}`);
  }
  await recorder.restart();
  await recorder.quiet();
  await recorder.expect(all);
});

for (const bytes of [4_000, 5_000, 100_000]) {
  test(`a shorter log that begins with the same ${bytes} bytes as the one before is read from its copy`, async (t) => {
    const log = join(temporaryDirectory(t), 'audit.log');
    const header = '='.repeat(bytes);
    const recorder = await Recorder.open(t, [{ paths: [`${log}*`] }]);
    append(log, header);
    await recorder.expect([header]);
    append(log, ...numbered('first', 500));
    await recorder.expect([header, ...numbered('first', 500)]);

    truncateSync(log);
    append(log, header, ...numbered('second', 20));
    copyTruncate(log, `${log}.1`);

    await recorder.expect([header, ...numbered('first', 500), header, ...numbered('second', 20)]);
    t.deepEqual(recorder.notices, []);
  });
}
