import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { chokidarWake } from '../../../src/source/wake.js';
import { append, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

// The slow poll is so slow here that only hints can have brought what arrives.
const HINTS_ALONE = { wake: chokidarWake, pollMs: 3_600_000 };

test('a write that follows another at once is not lost with the hint that chokidar swallows', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log, 'first');
  const recorder = await Recorder.open(t, [{ paths: [log] }], HINTS_ALONE);
  await recorder.expect(['first']);
  const all = ['first'];
  for (let round = 0; round < 5; round++) {
    append(log, `write ${round}`);
    all.push(`write ${round}`);
    await recorder.until(() => recorder.lines().length >= all.length, 'the write');
    append(log, `and another ${round}`);
    all.push(`and another ${round}`);
    await recorder.expect(all);
  }
});

test('rotation, new files and new directories are noticed by hints', async (t) => {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'logs', 'audit.log');
  const recorder = await Recorder.open(t, [{ paths: [join(directory, 'logs', '*.log')] }], HINTS_ALONE);
  mkdirSync(join(directory, 'logs'));
  append(log, 'one');
  await recorder.expect(['one']);

  append(log, 'two');
  renameSync(log, `${log}.1`);
  append(log, 'three');
  await recorder.expect(['one', 'two', 'three']);
  append(join(directory, 'logs', 'other.log'), 'four');
  await recorder.expect(['one', 'two', 'three', 'four']);
});
