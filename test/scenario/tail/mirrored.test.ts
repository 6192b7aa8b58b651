/** Logs of another host, mirrored here now and then, rotated files and all, as rsync does it. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { append, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

type Copy = (from: string, to: string) => void;

/** rsync's default: a file of its own, renamed over the old one. */
function replace(from: string, to: string): void {
  copyFileSync(from, `${to}.Xk3f9Q`);
  renameSync(`${to}.Xk3f9Q`, to);
}

/** `rsync --inplace`: the old file gets the new text. */
function overwrite(from: string, to: string): void {
  if (!existsSync(to)) writeFileSync(to, '');
  const text = readFileSync(from);
  writeFileSync(to, text, { flag: 'r+' });
  truncateSync(to, text.length);
}

function mirror(from: string, to: string, copy: Copy): void {
  for (const name of readdirSync(from)) copy(join(from, name), join(to, name));
}

/** Under the same name there is another text after each rotation, and the text has another file. */
async function testMirror(t: ExecutionContext, copy: Copy, away: boolean): Promise<void> {
  const directory = temporaryDirectory(t);
  const [there, here] = [join(directory, 'there'), join(directory, 'here')];
  mkdirSync(there);
  mkdirSync(here);
  const log = join(there, 'audit.log');
  const all = numbered('day 0: line', 300);
  append(log, ...all);
  mirror(there, here, copy);
  const recorder = await Recorder.open(t, [{ paths: [join(here, '*.log')] }]);
  await recorder.expect(all);

  for (const day of [1, 2, 3]) {
    if (away) await recorder.stop();
    const [late, early] = [numbered(`day ${day}: late line`, 20), numbered(`day ${day}: line`, day === 2 ? 400 : 50)];
    append(log, ...late);
    for (const age of [3, 2, 1]) {
      if (day > age) renameSync(`${log}.${age}`, `${log}.${age + 1}`);
    }
    renameSync(log, `${log}.1`);
    append(log, ...early);
    all.push(...late, ...early);
    mirror(there, here, copy);
    if (away) await recorder.start();
    await recorder.expect(all, 'any order');
  }
  await recorder.quiet();
  await recorder.expect(all, 'any order');
  t.deepEqual(recorder.notices, []);
}

test('a mirror that replaces its files is read once through every rotation', testMirror, replace, false);
test('a mirror that replaces its files is read once, rotated while the agent was stopped', testMirror, replace, true);
test('a mirror that overwrites its files in place is read once through every rotation', testMirror, overwrite, false);
test(
  'a mirror that overwrites its files in place is read once, rotated while the agent was stopped',
  testMirror,
  overwrite,
  true,
);
