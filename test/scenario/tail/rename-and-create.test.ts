import { renameSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { append, compress, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

test('a log that is renamed and created anew is read on without a gap or a repeat', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log, ...numbered('first', 100));
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(numbered('first', 100));

  append(log, ...numbered('late', 50));
  renameSync(log, `${log}.1`);
  append(log, ...numbered('second', 100));
  append(`${log}.1`, ...numbered('later', 10));

  const expected = [
    ...numbered('first', 100),
    ...numbered('late', 50),
    ...numbered('second', 100),
    ...numbered('later', 10),
  ];
  await recorder.expect(expected, 'any order');
  await recorder.quiet();
  await recorder.expect(expected, 'any order');
});

test('lines written to the old file just before its rename come before those of the new one', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log, 'one');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(['one']);

  await recorder.pause();
  append(log, ...numbered('old', 1000));
  renameSync(log, `${log}.1`);
  append(log, ...numbered('new', 1000));
  await recorder.quiet();
  recorder.resume();

  await recorder.expect(['one', ...numbered('old', 1000), ...numbered('new', 1000)]);
});

test('a rename while the agent is stopped, even several, is followed at the next start', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log, ...numbered('first', 10));
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(numbered('first', 10));

  await recorder.stop();
  append(log, ...numbered('second', 10));
  renameSync(log, `${log}.1`);
  append(log, ...numbered('third', 10));
  renameSync(`${log}.1`, `${log}.2`);
  renameSync(log, `${log}.1`);
  append(log, ...numbered('fourth', 10));
  await recorder.start();

  const all = ['first', 'second', 'third', 'fourth'].flatMap((word) => numbered(word, 10));
  await recorder.expect(all);
  await recorder.restart();
  await recorder.quiet();
  await recorder.expect(all);
});

for (const [how, rotate] of [
  ['renamed', (log: string) => renameSync(log, `${log}.1`)],
  ['renamed and compressed', (log: string) => compress(log, `${log}.1.gz`)],
] as const) {
  test(`a log that was empty when the agent stopped, and was written to and ${how} since, is read`, async (t) => {
    const log = join(temporaryDirectory(t), 'audit.log');
    append(log);
    const recorder = await Recorder.open(t, [{ paths: [log] }]);
    await recorder.until(() => recorder.positions().length === 1, 'the empty log to be known');
    await recorder.stop();
    append(log, ...numbered('unseen', 10));
    rotate(log);
    append(log, 'new');
    await recorder.start();

    await recorder.expect([...numbered('unseen', 10), 'new']);
    await recorder.quiet();
    await recorder.restart();
    await recorder.quiet();
    await recorder.expect([...numbered('unseen', 10), 'new']);
    t.deepEqual(recorder.notices, []);
  });
}
