import { linkSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { append, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

test('a link is followed through rotation of its target and through being pointed elsewhere', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'data'));
  const [link, target, other] = [
    join(directory, 'audit.log'),
    join(directory, 'data', 'real.log'),
    join(directory, 'data', 'other.log'),
  ];
  append(target, 'one');
  symlinkSync(target, link);
  const recorder = await Recorder.open(t, [{ paths: [link] }]);
  await recorder.expect(['one']);

  append(target, 'two');
  renameSync(target, `${target}.1`);
  append(target, 'three');
  await recorder.expect(['one', 'two', 'three']);

  append(other, 'four');
  unlinkSync(link);
  symlinkSync(other, link);
  await recorder.expect(['one', 'two', 'three', 'four']);

  await recorder.restart();
  append(other, 'five');
  await recorder.expect(['one', 'two', 'three', 'four', 'five']);
});

test('a rotation of a link target while the agent is stopped is found beside the target', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'data'));
  const [link, target] = [join(directory, 'audit.log'), join(directory, 'data', 'real.log')];
  append(target, 'one');
  symlinkSync(target, link);
  const recorder = await Recorder.open(t, [{ paths: [link] }]);
  await recorder.expect(['one']);

  await recorder.stop();
  append(target, 'two');
  renameSync(target, `${target}.1`);
  append(target, 'three');
  await recorder.start();

  await recorder.expect(['one', 'two', 'three']);
});

test('a file with two names, or two ways to it, is read once', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'a'));
  append(join(directory, 'a', 'x.log'), ...numbered('line', 10));
  linkSync(join(directory, 'a', 'x.log'), join(directory, 'a', 'y.log'));
  symlinkSync(join(directory, 'a'), join(directory, 'b'));
  symlinkSync(directory, join(directory, 'a', 'loop'));
  const recorder = await Recorder.open(t, [{ paths: [join(directory, '**', '*.log')] }]);

  await recorder.expect(numbered('line', 10));
  await recorder.quiet();
  await recorder.expect(numbered('line', 10));
});

test('directories that come late, go and come back lose and repeat nothing', async (t) => {
  const directory = temporaryDirectory(t);
  const mount = join(directory, 'not', 'yet', 'there');
  const recorder = await Recorder.open(t, [
    { paths: [join(mount, '*.log'), join(directory, 'sites', '*', 'logs', '*.log')] },
  ]);

  mkdirSync(mount, { recursive: true });
  append(join(mount, 'audit.log'), 'one');
  mkdirSync(join(directory, 'sites', 'main', 'logs'), { recursive: true });
  append(join(directory, 'sites', 'main', 'logs', 'a.log'), 'site');
  await recorder.expect(['one', 'site'], 'any order');

  renameSync(mount, `${mount}.away`);
  await recorder.quiet();
  await recorder.stop();
  await recorder.start();
  await recorder.quiet();
  append(join(`${mount}.away`, 'audit.log'), 'two');
  renameSync(`${mount}.away`, mount);

  await recorder.expect(['one', 'site', 'two'], 'any order');
  t.deepEqual(recorder.notices, []);
  rmSync(mount, { recursive: true });
  await recorder.quiet();
  t.deepEqual(recorder.notices, []);
});

test('a file that cannot be reached for a while is not taken for a deleted one', async (t) => {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  append(log, 'one');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(['one']);

  renameSync(log, join(directory, 'hidden'));
  symlinkSync(log, log);
  await recorder.until(
    () => recorder.sources.files().some(({ code }) => code === 'ELOOP'),
    'the file to be named as unreachable',
  );
  append(join(directory, 'hidden'), 'two');
  unlinkSync(log);
  renameSync(join(directory, 'hidden'), log);

  await recorder.expect(['one', 'two']);
  t.deepEqual(recorder.notices, []);
});
