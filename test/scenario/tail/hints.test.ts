import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { inotifyWatcher, type WatchFiles } from '../../../src/source/watch/watcher.js';
import { CountedFiles } from '../../support/counted-files.js';
import { append, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

// The slow poll is so slow here that only hints can have brought what arrives.
const HINTS_ALONE = { watch: inotifyWatcher, pollMs: 3_600_000 };

/** A followed `logs/*.log` in a directory of its own, after `before`; `lines` come by hints alone. */
async function follow(t: ExecutionContext, before: (directory: string) => void = () => undefined) {
  const directory = temporaryDirectory(t);
  before(directory);
  const logs = join(directory, 'logs');
  const recorder = await Recorder.open(t, [{ paths: [join(logs, '*.log')] }], HINTS_ALONE);
  const all: string[] = [];
  const write = async (path: string, line: string) => {
    append(path, line);
    all.push(line);
    await recorder.expect(all);
  };
  return { directory, logs, recorder, write };
}

test('writes that follow each other at once are all read', async (t) => {
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

test('a directory that appears is watched: writes, rotation and new files in it are noticed', async (t) => {
  const { logs, write } = await follow(t);
  mkdirSync(logs);
  const log = join(logs, 'audit.log');
  await write(log, 'one');
  await write(log, 'two');
  renameSync(log, `${log}.1`);
  await write(log, 'three');
  await write(join(logs, 'other.log'), 'four');
  await write(log, 'five');
});

test('a directory that is removed and made again is watched again', async (t) => {
  const { logs, write } = await follow(t, (directory) => mkdirSync(join(directory, 'logs')));
  const log = join(logs, 'audit.log');
  await write(log, 'one');
  for (const [now, next, other] of [
    ['two', 'three', 'four'],
    ['five', 'six', 'seven'],
  ] as const) {
    rmSync(logs, { recursive: true });
    mkdirSync(logs);
    await write(log, now);
    await write(log, next);
    await write(join(logs, 'other.log'), other);
  }
});

test('a directory that is moved away and back, or replaced by another, is watched again', async (t) => {
  const { directory, logs, recorder, write } = await follow(t, (top) => mkdirSync(join(top, 'logs')));
  const log = join(logs, 'audit.log');
  await write(log, 'one');
  renameSync(logs, join(directory, 'away'));
  await recorder.until(() => recorder.sources.files().every(({ unlinked }) => unlinked), 'the log to be missed');
  renameSync(join(directory, 'away'), logs);
  await write(log, 'two');
  await write(join(logs, 'other.log'), 'three');

  mkdirSync(join(directory, 'new'));
  renameSync(logs, join(directory, 'old'));
  renameSync(join(directory, 'new'), logs);
  await write(log, 'four');
  await write(join(logs, 'third.log'), 'five');
});

test('new directories far down a tree are noticed, and so are writes in them', async (t) => {
  const directory = temporaryDirectory(t);
  const recorder = await Recorder.open(t, [{ paths: [join(directory, '**', '*.log')] }], HINTS_ALONE);
  const deep = join(directory, 'a', 'b', 'c');
  const all: string[] = [];
  for (const round of ['first', 'second']) {
    mkdirSync(deep, { recursive: true });
    for (const name of ['x.log', 'x.log', 'y.log']) {
      all.push(`${round} ${all.length}`);
      append(join(deep, name), all.at(-1)!);
      await recorder.expect(all);
    }
    rmSync(join(directory, 'a'), { recursive: true });
  }
});

test('what is written behind a link is noticed, also when it is rotated or the link is pointed elsewhere', async (t) => {
  const { directory, logs, write } = await follow(t, (top) => {
    mkdirSync(join(top, 'real'));
    mkdirSync(join(top, 'logs'));
    symlinkSync(join(top, 'real', 'audit.log'), join(top, 'logs', 'audit.log'));
  });
  const real = join(directory, 'real', 'audit.log');
  await write(real, 'one');
  await write(real, 'two');
  renameSync(real, `${real}.1`);
  await write(real, 'three');

  append(join(directory, 'real', 'other.log'));
  unlinkSync(join(logs, 'audit.log'));
  symlinkSync(join(directory, 'real', 'other.log'), join(logs, 'audit.log'));
  await write(join(directory, 'real', 'other.log'), 'four');
  await write(join(directory, 'real', 'other.log'), 'five');
});

test.serial('thousands of other files beside a log, excluded ones too, cost it no looks', async (t) => {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  append(log, 'one');
  const source = { paths: [join(directory, '*.log')], exclude: [join(directory, 'debug*.log')] };
  const files = new CountedFiles();
  const recorder = await Recorder.open(t, [source], { ...HINTS_ALONE, files });
  await recorder.expect(['one']);
  files.calls = 0;
  for (let n = 0; n < 2000; n++) {
    writeFileSync(join(directory, `upload-${n}.dat`), '');
    append(join(directory, `debug-${n % 10}.log`), 'noise');
  }
  append(log, 'two');
  await recorder.expect(['one', 'two']);

  t.true(files.calls > 0, 'calls are counted');
  t.true(files.calls < 100, `${files.calls} calls`);
});

// Alone: all tests here hear from the kernel through one queue.
test.serial('what the kernel has no room to tell is found by looking', async (t) => {
  const room = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  append(log, 'first');
  const hinted = new Set<string>();
  const watch: WatchFiles = ({ hint, problems }) =>
    inotifyWatcher({
      hint: (path, change) => {
        hinted.add(path);
        hint(path, change);
      },
      problems,
    });
  const recorder = await Recorder.open(t, [{ paths: [log] }], { watch });
  await recorder.expect(['first']);
  hinted.clear();

  const other = [join(directory, 'a'), join(directory, 'b')];
  // The kernel joins what follows itself: one file by turns with the other fills the queue.
  for (let n = 0; n <= room; n++) append(other[n % 2]!, '');
  append(log, ...numbered('late', 3));
  await recorder.expect(['first', ...numbered('late', 3)]);

  t.true(hinted.has(other[0]!));
  t.false(hinted.has(log), 'the log’s hint had no room');
});
