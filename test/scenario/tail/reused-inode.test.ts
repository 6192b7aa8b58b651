import { renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { append, compress, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

test('a new file that got the inode of a deleted one is read from its start', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log, ...numbered('old', 10));
  const recorder = await Recorder.open(t, [{ paths: [log] }], { maxOpenFiles: 1 });
  await recorder.expect(numbered('old', 10));

  rmSync(log);
  append(log, ...numbered('new', 40));
  await recorder.expect([...numbered('old', 10), ...numbered('new', 40)]);
  await recorder.restart();
  await recorder.quiet();
  await recorder.expect([...numbered('old', 10), ...numbered('new', 40)]);
});

test('a file that grew, was deleted and came again with its inode while the agent was stopped is read from its start', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log, 'tiny');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(['tiny']);

  await recorder.stop();
  const { ino } = statSync(log);
  append(log, ...numbered('never seen', 100));
  rmSync(log);
  append(log, ...numbered('new', 200));
  t.log(statSync(log).ino === ino ? 'the inode was used again' : 'the inode was not used again');
  await recorder.start();

  await recorder.expect(['tiny', ...numbered('new', 200)]);
  await recorder.until(() => recorder.notices.length > 0 || statSync(log).ino !== ino, 'the loss to be told');
});

test('a log that is renamed, compressed, deleted and created with the freed inode loses nothing', async (t) => {
  const log = join(temporaryDirectory(t), '0.log');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  const all: string[] = [];
  for (let round = 1; round <= 5; round++) {
    all.push(...numbered(`round ${round} line`, 20));
    append(log, ...numbered(`round ${round} line`, 20));
    await recorder.expect(all);
    all.push(`round ${round} late`);
    append(log, `round ${round} late`);
    renameSync(log, `${log}.${round}00`);
    compress(`${log}.${round}00`);
  }

  await recorder.expect(all);
  await recorder.restart();
  await recorder.quiet();
  await recorder.expect(all);
});
