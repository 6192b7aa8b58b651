/** As editors and `sed -i` save: the same text, in a file of its own that is renamed over the old one. */
import { appendFileSync, copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { append, copyTruncate, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

function rewrite(log: string): void {
  copyFileSync(log, `${log}~`);
  renameSync(`${log}~`, log);
}

test('a file that is saved anew with the same text is read on where it was', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log, ...numbered('old', 10));
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(numbered('old', 10));

  rewrite(log);
  append(log, 'new');
  await recorder.expect([...numbered('old', 10), 'new']);
  await recorder.stop();
  rewrite(log);
  append(log, 'newer');
  await recorder.start();
  await recorder.expect([...numbered('old', 10), 'new', 'newer']);
  t.deepEqual(recorder.notices, []);
});

test('a file that was never read, because the journal was full, and is saved anew, is not told as missing', async (t) => {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  const recorder = await Recorder.open(t, [{ paths: [join(directory, '*.log')] }]);
  await recorder.pause();
  append(log, ...numbered('unread', 2_000));
  await recorder.until(() => recorder.sources.files().length > 0, 'the file to be seen');

  rewrite(log);
  const followed = () => recorder.told.filter(({ message }) => message === 'Following a file').length;
  // Whether the old one was open by then decides which of the two is followed.
  const isOldMissed = () => recorder.sources.files().some(({ unlinked }) => unlinked);
  await recorder.until(() => followed() === 2 || isOldMissed(), 'the new file to be seen');
  await recorder.quiet();
  await recorder.restart();

  await recorder.expect(numbered('unread', 2_000));
  t.deepEqual(recorder.notices, []);
});

test('a file that grew since it was last seen, and is saved anew at once, is read once', async (t) => {
  const directory = join(temporaryDirectory(t), 'logs');
  const log = join(directory, 'audit.log');
  mkdirSync(directory);
  append(log);
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  renameSync(directory, `${directory}~`);
  await recorder.until(() => recorder.sources.files()[0]?.unlinked === true, 'the file to be out of sight');

  renameSync(`${directory}~`, directory);
  append(log, 'one');
  rewrite(log);
  await recorder.expect(['one']);
  await recorder.quiet();
  append(log, 'two');
  await recorder.expect(['one', 'two']);
});

test('a file that was out of sight for a moment before a stop, unread, is not told as missing', async (t) => {
  const directory = join(temporaryDirectory(t), 'logs');
  const log = join(directory, 'audit.log');
  mkdirSync(directory);
  append(log, 'read');
  // Long enough that no look comes between the directory's return and the stop.
  const recorder = await Recorder.open(t, [{ paths: [log] }], { pollMs: 1_000 });
  await recorder.expect(['read']);
  await recorder.pause();
  append(log, 'unread');
  await recorder.until(() => (recorder.sources.files()[0]?.size ?? 0) > 5, 'the line to be seen');
  renameSync(directory, `${directory}~`);
  await recorder.until(() => recorder.sources.files()[0]?.unlinked === true, 'the file to be out of sight');

  renameSync(`${directory}~`, directory);
  await recorder.restart();

  await recorder.expect(['read', 'unread']);
  t.deepEqual(recorder.notices, []);
});

test('a last line without newline is read on in the file that is saved over it', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  appendFileSync(log, 'begun and ');
  await recorder.until(() => recorder.sources.files()[0]?.size === 10, 'half a line to be seen');

  rewrite(log);
  appendFileSync(log, 'ended\n');

  await recorder.expect(['begun and ended']);
});

test('a log that is moved out of sight and copied back, as editors do to keep a backup, is read on at once', async (t) => {
  for (const backup of ['audit.log~', 'elsewhere/audit.log']) {
    const directory = temporaryDirectory(t);
    const log = join(directory, 'audit.log');
    const read = numbered('line', 5);
    mkdirSync(join(directory, 'elsewhere'));
    append(log, ...read);
    const recorder = await Recorder.open(t, [{ paths: [log] }]);
    await recorder.expect(read);

    renameSync(log, join(directory, backup));
    copyFileSync(join(directory, backup), log);
    append(log, 'new');
    await recorder.expect([...read, 'new']);
    append(join(directory, backup), 'of a writer that has not noticed');
    await recorder.expect([...read, 'new', 'of a writer that has not noticed']);

    await recorder.restart();
    append(log, 'newer');
    await recorder.expect([...read, 'new', 'of a writer that has not noticed', 'newer']);
    copyTruncate(log, `${log}.1`);
    append(log, 'newest');
    await recorder.expect([...read, 'new', 'of a writer that has not noticed', 'newer', 'newest']);
    await recorder.quiet();
    await recorder.expect([...read, 'new', 'of a writer that has not noticed', 'newer', 'newest']);
    t.deepEqual(recorder.notices, []);
  }
});
