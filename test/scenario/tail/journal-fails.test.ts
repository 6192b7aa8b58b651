import { renameSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { append, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

test('after a failure of the journal everything behind its last synced position is read again, once', async (t) => {
  const [wideA, wideB] = ['a '.repeat(100), 'b '.repeat(100)];
  const directory = temporaryDirectory(t);
  const [a, b] = [join(directory, 'a.log'), join(directory, 'b.log')];
  append(a, ...numbered(wideA, 6000));
  append(b, ...numbered(wideB, 6000));
  const recorder = await Recorder.open(t, [{ paths: [join(directory, '*.log')] }]);
  await recorder.until(() => recorder.chunks.length >= 3, 'some chunks');

  recorder.rewind(2);
  await recorder.until(() => recorder.chunks.length >= 3, 'some chunks');
  renameSync(a, `${a}.1`);
  append(a, 'a new');
  recorder.rewind(100);

  await recorder.expect([...numbered(wideA, 6000), ...numbered(wideB, 6000), 'a new'], 'any order');
});
