import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { append, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

const stories: readonly (readonly [string, number])[] = [
  ['less', 3],
  ['the same length', 10],
  ['more', 500],
];

for (const [what, lines] of stories) {
  test(`a file written over in place with ${what} is read from its start, once`, async (t) => {
    const log = join(temporaryDirectory(t), 'audit.log');
    append(log, ...numbered('old line', 10));
    const recorder = await Recorder.open(t, [{ paths: [log] }]);
    await recorder.expect(numbered('old line', 10));

    writeFileSync(log, `${numbered('new line', lines).join('\n')}\n`);

    const all = [...numbered('old line', 10), ...numbered('new line', lines)];
    await recorder.expect(all);
    for (let restart = 0; restart < 3; restart++) await recorder.restart();
    await recorder.quiet();
    await recorder.expect(all);
  });
}

test('a file truncated while the agent was stopped is sent once, however often it is started', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log, ...numbered('old', 100));
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(numbered('old', 100));

  await recorder.stop();
  truncateSync(log);
  append(log, 'new');
  await recorder.start();
  await recorder.expect([...numbered('old', 100), 'new']);
  for (let restart = 0; restart < 3; restart++) await recorder.restart();
  await recorder.quiet();

  await recorder.expect([...numbered('old', 100), 'new']);
});

test('unread text that is truncated away is told with its range', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log, 'one');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(['one']);

  await recorder.pause();
  append(log, ...numbered('lost', 1000));
  await recorder.until(() => recorder.sources.files()[0]!.lagBytes! > 1000, 'the growth to be seen');
  truncateSync(log);
  append(log, 'new');
  await recorder.until(() => recorder.notices.length > 0, 'a notice');
  recorder.resume();

  const [notice, ...others] = recorder.notices;
  t.deepEqual(others, []);
  t.is(notice?.kind, 'gap');
  t.is(notice?.reason, 'truncated');
  t.is(notice?.fromOffset, 4);
  t.is(notice?.toOffset, 4 + numbered('lost', 1000).join('\n').length + 1);
  await recorder.until(() => recorder.lines().includes('new'), 'the new line');
});

test('a log that its writer overwrites again and again loses no line that stood for longer than a poll', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  const all: string[] = [];
  for (let round = 1; round <= 8; round++) {
    const lines = numbered(`round ${round} line`, round % 3 === 0 ? 40 : 10);
    writeFileSync(log, `${lines.join('\n')}\n`);
    all.push(...lines);
    await recorder.expect(all);
  }
  t.deepEqual(recorder.notices, []);
});
