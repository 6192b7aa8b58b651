/** logrotate with `shred`: the oldest rotated file is written over with random bytes before it is deleted. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { append, compress, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

/** One pass of shred(1): over the same inode, rounded up to whole blocks. */
function overwrite(path: string): void {
  const blocks = Math.ceil(statSync(path).size / 4096) * 4096;
  const fd = openSync(path, 'r+');
  writeSync(fd, randomBytes(blocks), 0, blocks, 0);
  fsyncSync(fd);
  closeSync(fd);
}

for (const pattern of ['audit.log', 'audit.log*']) {
  test(`a rotated file that was read and is shredded is not sent again, followed as ${pattern}`, async (t) => {
    const directory = temporaryDirectory(t);
    const log = join(directory, 'audit.log');
    const recorder = await Recorder.open(t, [{ paths: [join(directory, pattern)] }]);
    const all = numbered('first', 3_000);
    append(log, ...all);
    await recorder.expect(all);

    renameSync(log, `${log}.1`);
    append(log, ...numbered('second', 10));
    all.push(...numbered('second', 10));
    await recorder.expect(all);
    for (let pass = 0; pass < 3; pass++) {
      overwrite(`${log}.1`);
      await recorder.quiet();
    }
    await recorder.restart();
    await recorder.quiet();
    truncateSync(`${log}.1`);
    await recorder.quiet();
    rmSync(`${log}.1`);
    await recorder.quiet();

    await recorder.expect(all);
    t.deepEqual(recorder.notices, []);
  });
}

test('a rotated file that was read, and is shredded while the agent is stopped, is not sent', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  const all = [...numbered('first', 300), ...numbered('second', 10)];
  append(log, ...numbered('first', 300));
  await recorder.expect(numbered('first', 300));
  renameSync(log, `${log}.1`);
  append(log, ...numbered('second', 10));
  await recorder.expect(all);

  await recorder.stop();
  overwrite(`${log}.1`);
  await recorder.start();
  await recorder.quiet();

  await recorder.expect(all);
  t.deepEqual(recorder.notices, []);
});

test('what had not been read of a file when it was shredded is told, and none of the random bytes is sent', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  append(log, ...numbered('first', 300));
  await recorder.expect(numbered('first', 300));
  await recorder.pause();
  append(log, ...numbered('unread', 300));
  await recorder.until(() => (recorder.sources.files()[0]?.lagBytes ?? 0) > 0, 'the growth to be seen');
  renameSync(log, `${log}.1`);
  append(log, 'second');
  await recorder.until(() => recorder.sources.files().length === 2, 'the rotation to be seen');
  overwrite(`${log}.1`);
  recorder.resume();

  await recorder.expect([...numbered('first', 300), 'second']);
  await recorder.until(() => recorder.notices.length > 0, 'the loss to be told');
  await recorder.quiet();
  await recorder.expect([...numbered('first', 300), 'second']);
});

test('a compressed file that was read and is shredded is not told as missing', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const recorder = await Recorder.open(t, [{ paths: [`${log}*`] }]);
  const all = [...numbered('first', 3_000), 'second'];
  append(log, ...numbered('first', 3_000));
  await recorder.expect(numbered('first', 3_000));
  renameSync(log, `${log}.1`);
  compress(`${log}.1`);
  append(log, 'second');
  await recorder.expect(all);
  await recorder.quiet();

  for (let pass = 0; pass < 3; pass++) {
    overwrite(`${log}.1.gz`);
    await recorder.quiet();
  }
  rmSync(`${log}.1.gz`);
  await recorder.quiet();
  await recorder.expect(all);
  t.deepEqual(recorder.notices, []);
});

test('the compressed copy of a file that is shredded goes on with it', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  const all = [...numbered('first', 300), 'second', 'late'];
  append(log, ...numbered('first', 300));
  await recorder.expect(numbered('first', 300));
  renameSync(log, `${log}.1`);
  append(log, 'second');
  await recorder.expect([...numbered('first', 300), 'second']);

  await recorder.stop();
  append(`${log}.1`, 'late');
  writeFileSync(`${log}.1.gz`, gzipSync(readFileSync(`${log}.1`)));
  overwrite(`${log}.1`);
  await recorder.start();
  await recorder.expect(all);
  await recorder.quiet();

  await recorder.expect(all);
  t.deepEqual(recorder.notices, []);
});

test('a rotated file that was read, and is written over with lines, is read: a mirror does so', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const recorder = await Recorder.open(t, [{ paths: [`${log}*`] }]);
  const all = [...numbered('first', 300), 'second', ...numbered('anew', 400)];
  append(log, ...numbered('first', 300));
  await recorder.expect(numbered('first', 300));
  renameSync(log, `${log}.1`);
  append(log, 'second');
  await recorder.expect([...numbered('first', 300), 'second']);

  const fd = openSync(`${log}.1`, 'r+');
  writeSync(fd, `${numbered('anew', 400).join('\n')}\n`, 0);
  closeSync(fd);

  await recorder.expect(all);
});
