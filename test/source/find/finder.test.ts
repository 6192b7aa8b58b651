import { createHook } from 'node:async_hooks';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { systemFiles } from '../../../src/lib/files.js';
import { Finder } from '../../../src/source/find/finder.js';
import { temporaryDirectory } from '../../support/files.js';

const DIRECTORIES = 500;
const FILES_EACH = 100;
// Directories that were changed just now are listed again, because their stamp may not tell.
const LATER_MS = 10_000;

/** File system calls that are made while `work` runs. */
async function callsOf(work: () => Promise<unknown>): Promise<number> {
  let calls = 0;
  const hook = createHook({
    init: (_, type) => {
      if (type === 'FSREQPROMISE') calls++;
    },
  });
  hook.enable();
  await work();
  hook.disable();
  return calls;
}

test.serial('a look at a tree of fifty thousand entries asks once a directory, not once a file', async (t) => {
  const root = temporaryDirectory(t);
  for (let n = 0; n < DIRECTORIES; n++) {
    const directory = join(root, `${n % 25}`, `${n}`);
    mkdirSync(directory, { recursive: true });
    for (let file = 1; file < FILES_EACH; file++) writeFileSync(join(directory, `${file}.txt`), '');
    if (n % 100 === 0) writeFileSync(join(directory, 'audit.log'), 'line\n');
  }
  const source = { name: 'main', paths: [join(root, '**', '*.log')], exclude: [], rotated: [] };
  const finder = new Finder([source], { files: systemFiles, nowMs: () => Date.now() + LATER_MS });

  const first = await callsOf(async () => t.is((await finder.find([])).files.size, DIRECTORIES / 100));
  const second = await callsOf(async () => t.is((await finder.find([])).files.size, DIRECTORIES / 100));
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
