import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { makeDirectory } from '../../src/lib/make-directory.js';
import { temporaryDirectory } from '../support/files.js';

const modeOf = (path: string) => statSync(path).mode & 0o777;

test('all that is missing is made, in the mode that was asked for, and what is there stays as it is', async (t) => {
  const directory = temporaryDirectory(t);
  const there = join(directory, 'there');
  mkdirSync(there);
  const before = modeOf(there);
  for (let round = 0; round < 2; round += 1) await makeDirectory(join(there, 'a', 'b'), 0o700);
  t.deepEqual([there, join(there, 'a'), join(there, 'a', 'b')].map(modeOf), [before, 0o700, 0o700]);
});

test('of many that make it at once, none fails', async (t) => {
  const path = join(temporaryDirectory(t), 'a', 'b', 'c');
  await t.notThrowsAsync(Promise.all(Array.from({ length: 20 }, () => makeDirectory(path, 0o700))));
});

test('where it cannot be made, the error is what the system says', async (t) => {
  const file = join(temporaryDirectory(t), 'file');
  writeFileSync(file, '');
  await t.throwsAsync(makeDirectory(file, 0o700), { code: 'EEXIST' });
  await t.throwsAsync(makeDirectory(join(file, 'below'), 0o700), { code: 'ENOTDIR' });
  // Where nobody makes directories, not even root.
  await t.throwsAsync(makeDirectory('/proc/none/below', 0o700), { code: 'ENOENT' });
});
