/** After a restart nobody can ask a file that is gone how long it was: what was known of it before must be remembered. */
import { renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { append, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

const ENDS: Readonly<Record<string, (log: string) => void>> = {
  deleted: (log) => rmSync(log),
  truncated: (log) => truncateSync(log),
  'overwritten by a rename': (log) => {
    writeFileSync(`${log}~`, '');
    renameSync(`${log}~`, log);
  },
};

for (const [what, end] of Object.entries(ENDS)) {
  test(`a file that was read to its end and then ${what} is not doubted after a restart`, async (t) => {
    const log = join(temporaryDirectory(t), 'audit.log');
    append(log, ...numbered('read', 10));
    const recorder = await Recorder.open(t, [{ paths: [log] }]);
    await recorder.expect(numbered('read', 10));

    end(log);
    await recorder.until(() => recorder.positions().some(({ ended }) => ended === true), 'its end to be remembered');
    for (let restart = 0; restart < 2; restart++) {
      await recorder.restart();
      await recorder.quiet();
    }

    t.deepEqual(recorder.notices, []);
    append(log, 'a new one');
    await recorder.expect([...numbered('read', 10), 'a new one']);
  });
}

test('a loss is told once, whatever restarts follow', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log, 'read');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(['read']);
  await recorder.stop();
  append(log, 'never read');
  rmSync(log);
  await recorder.start();
  await recorder.until(() => recorder.notices.length > 0, 'the loss to be told');
  await recorder.until(() => recorder.positions().every(({ ended }) => ended === true), 'it to be remembered as told');
  await recorder.restart();
  await recorder.quiet();

  t.is(recorder.notices.length, 1);
});

test('a file that comes back after its end was known is read on, and doubted again when it goes unread', async (t) => {
  const directory = temporaryDirectory(t);
  const [log, away] = [join(directory, 'audit.log'), join(directory, 'hidden')];
  append(log, 'one');
  const recorder = await Recorder.open(t, [{ paths: [log] }], { maxOpenFiles: 1 });
  await recorder.expect(['one']);
  await recorder.stop();
  renameSync(log, away);
  await recorder.start();
  await recorder.until(() => recorder.positions().every(({ ended }) => ended === true), 'it to be remembered as told');
  const told = recorder.notices.length;
  append(away, 'two');
  renameSync(away, log);
  await recorder.expect(['one', 'two']);
  t.deepEqual(
    recorder.positions().map(({ ended }) => ended),
    [undefined],
  );

  await recorder.stop();
  append(log, 'three');
  rmSync(log);
  await recorder.start();
  await recorder.until(() => recorder.notices.length > told, 'the second loss to be told');
});
