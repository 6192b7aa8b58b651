import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { append, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

const first = numbered('first', 5);
const second = numbered('second', 5);
const third = numbered('third', 5);
const fourth = numbered('fourth', 5);

test('dates before the extension: what was rotated twice while the agent was stopped is all read', async (t) => {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  append(log, ...first);
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(first);

  await recorder.stop();
  append(log, ...second);
  renameSync(log, join(directory, 'audit-20261124.log'));
  append(log, ...third);
  renameSync(log, join(directory, 'audit-20261125.log'));
  append(log, ...fourth);
  await recorder.start();

  await recorder.expect([...first, ...second, ...third, ...fourth]);
  await recorder.restart();
  await recorder.quiet();
  await recorder.expect([...first, ...second, ...third, ...fourth]);
});

test('rotated files may bear names that tell nothing of the log', async (t) => {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'current');
  append(log, ...first);
  const recorder = await Recorder.open(t, [{ paths: [log], rotated: [join(directory, '@*.s')] }]);
  await recorder.expect(first);

  await recorder.stop();
  append(log, ...second);
  renameSync(log, join(directory, '@400000006741fb1b0ad8e2f4.s'));
  append(log, ...third);
  renameSync(log, join(directory, '@400000006741fb1c0ad8e2f4.s'));
  append(log, ...fourth);
  await recorder.start();
  await recorder.expect([...first, ...second, ...third, ...fourth]);

  const fifth = numbered('fifth', 5);
  const sixth = numbered('sixth', 5);
  await recorder.stop();
  append(log, ...fifth);
  renameSync(log, join(directory, '@400000006741fb1d0ad8e2f4.s'));
  append(log, ...sixth);
  renameSync(log, join(directory, '@400000006741fb1e0ad8e2f4.s'));
  append(log, 'seventh');
  await recorder.start();
  await recorder.expect([...first, ...second, ...third, ...fourth, ...fifth, ...sixth, 'seventh']);
});

test('a link that was pointed to a new day twice while the agent was stopped leaves no day out', async (t) => {
  const directory = temporaryDirectory(t);
  const logs = temporaryDirectory(t);
  const [link, ...days] = [
    join(directory, 'audit.log'),
    ...[24, 25, 26].map((day) => join(logs, `audit-202611${day}.log`)),
  ];
  const pointTo = (day: string) => {
    rmSync(link, { force: true });
    symlinkSync(day, link);
  };
  append(days[0]!, ...first);
  pointTo(days[0]!);
  const recorder = await Recorder.open(t, [{ paths: [link] }]);
  await recorder.expect(first);

  await recorder.stop();
  append(days[0]!, ...second);
  append(days[1]!, ...third);
  pointTo(days[1]!);
  append(days[2]!, ...fourth);
  pointTo(days[2]!);
  await recorder.start();

  await recorder.expect([...first, ...second, ...third, ...fourth]);
});
