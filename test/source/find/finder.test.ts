import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { systemFiles } from '../../../src/lib/files.js';
import { Finder } from '../../../src/source/find/finder.js';
import { CountedFiles } from '../../support/counted-files.js';
import { temporaryDirectory } from '../../support/files.js';

const DIRECTORIES = 500;
const FILES_EACH = 100;
// Directories that were changed just now are listed again, because their stamp may not tell.
const LATER_MS = 10_000;

test.serial('a look at a tree of fifty thousand entries asks once a directory, not once a file', async (t) => {
  const root = temporaryDirectory(t);
  for (let n = 0; n < DIRECTORIES; n++) {
    const directory = join(root, `${n % 25}`, `${n}`);
    mkdirSync(directory, { recursive: true });
    for (let file = 1; file < FILES_EACH; file++) writeFileSync(join(directory, `${file}.txt`), '');
    if (n % 100 === 0) writeFileSync(join(directory, 'audit.log'), 'line\n');
  }
  const source = { name: 'main', paths: [join(root, '**', '*.log')], exclude: [], rotated: [] };
  const files = new CountedFiles();
  const finder = new Finder([source], { files, nowMs: () => Date.now() + LATER_MS });

  t.is((await finder.find([])).files.size, DIRECTORIES / 100);
  const first = files.calls;
  t.is((await finder.find([])).files.size, DIRECTORIES / 100);
  const second = files.calls - first;
  t.log(`${first} calls, then ${second}`);
  const directories = DIRECTORIES + 26;
  t.true(second > directories / 2, 'calls are counted');
  t.true(first <= 4 * directories, `${first} calls`);
  t.true(second <= 1.1 * directories, `${second} calls`);
});

test.serial('of a wide tree all directories with a log are worth a watch, and no more than 4096 others', async (t) => {
  const root = temporaryDirectory(t);
  const names = Array.from({ length: 4200 }, (_, n) => join(root, `${n}`));
  for (const name of names) mkdirSync(name);
  const holding = names.slice(-3);
  for (const name of holding) writeFileSync(join(name, 'audit.log'), 'line\n');
  const source = { name: 'main', paths: [join(root, '*', '*.log')], exclude: [], rotated: [] };

  const { directories } = await new Finder([source], { files: systemFiles, nowMs: Date.now }).find([]);
  t.deepEqual([...directories.keys()].slice(0, 3).sort(), holding);
  t.is(directories.size, 3 + 4096);
});

test('a look that is told to stop ends at the next file', async (t) => {
  const directory = temporaryDirectory(t);
  for (let n = 0; n < 2_000; n++) writeFileSync(join(directory, `${n}.log`), '');
  const source = { name: 'main', paths: [join(directory, '*.log')], exclude: [], rotated: [] };
  const files = new CountedFiles();
  const stop = new AbortController();
  files.called = () => files.calls === 100 && stop.abort();

  const finder = new Finder([source], { files, nowMs: Date.now });
  const failed: unknown = await finder.find([], stop.signal).catch((error: unknown) => error);
  t.is(failed, stop.signal.reason);
  t.true(files.calls < 200, `${files.calls} calls`);
});
