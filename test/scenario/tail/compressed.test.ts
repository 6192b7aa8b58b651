import { copyFileSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { append, compress, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

const old = new Date(Date.now() - 60_000);

function writeCompressed(path: string, ...members: readonly string[][]): void {
  writeFileSync(path, Buffer.concat(members.map((lines) => gzipSync(lines.map((line) => `${line}\n`).join('')))));
  utimesSync(path, old, old);
}

for (const pattern of ['audit.log', 'audit.log*']) {
  test(`the unread rest of a file that was compressed while the agent was stopped is found, followed as ${pattern}`, async (t) => {
    const directory = temporaryDirectory(t);
    const log = join(directory, 'audit.log');
    append(log, ...numbered('first', 2000));
    const recorder = await Recorder.open(t, [{ paths: [join(directory, pattern)] }]);
    await recorder.expect(numbered('first', 2000));

    await recorder.stop();
    append(log, ...numbered('second', 5000));
    compress(log, `${log}.1.gz`);
    append(log, ...numbered('third', 10));
    await recorder.start();

    const all = [...numbered('first', 2000), ...numbered('second', 5000), ...numbered('third', 10)];
    await recorder.expect(all);
    await recorder.restart();
    await recorder.quiet();
    await recorder.expect(all);
    t.deepEqual(recorder.notices, []);
  });
}

test('a compressed file that matches and continues nothing is read from its start, all members of it', async (t) => {
  const path = join(temporaryDirectory(t), 'old.log.3.gz');
  writeCompressed(path, numbered('first', 3000), numbered('second', 3000));
  const recorder = await Recorder.open(t, [{ paths: [path] }]);

  await recorder.expect([...numbered('first', 3000), ...numbered('second', 3000)]);
  await recorder.restart();
  await recorder.quiet();
  t.is(recorder.lines().length, 6000);
});

test('a compressed file that beside a plain copy of it is read once', async (t) => {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  append(log, ...numbered('line', 100));
  const recorder = await Recorder.open(t, [{ paths: [join(directory, 'audit.log*')] }]);
  await recorder.expect(numbered('line', 100));

  copyFileSync(log, `${log}.1`);
  utimesSync(`${log}.1`, old, old);
  compress(`${log}.1`);
  await recorder.quiet();
  rmSync(log);
  await recorder.quiet();

  await recorder.expect(numbered('line', 100));
});

test('half a compressed file gives its whole lines, and the rest when the rest is there', async (t) => {
  const path = join(temporaryDirectory(t), 'audit.log.1.gz');
  writeCompressed(
    path,
    Array.from({ length: 40_000 }, (_, n) => `line ${n} ${Math.sin(n)}`),
  );
  const whole = readFileSync(path);
  writeFileSync(path, whole.subarray(0, whole.length / 2));
  utimesSync(path, old, old);
  const recorder = await Recorder.open(t, [{ paths: [path] }]);
  await recorder.until(() => recorder.lines().length > 1000, 'the first half');
  await recorder.quiet();

  writeFileSync(path, whole);
  await recorder.expect(Array.from({ length: 40_000 }, (_, n) => `line ${n} ${Math.sin(n)}`));
});

test('a damaged compressed file is read as far as it goes, and said to be damaged', async (t) => {
  const path = join(temporaryDirectory(t), 'audit.log.1.gz');
  writeCompressed(
    path,
    Array.from({ length: 40_000 }, (_, n) => `line ${n} ${Math.sin(n)}`),
  );
  const bytes = readFileSync(path);
  bytes.fill(0xff, bytes.length - 2000, bytes.length - 1000);
  writeFileSync(path, bytes);
  utimesSync(path, old, old);
  const recorder = await Recorder.open(t, [{ paths: [path] }]);

  await recorder.until(() => recorder.told.some(({ message }) => /damaged/.test(message)), 'a warning');
  t.true(recorder.lines().length > 10_000);
});

test('a file compressed in a way that cannot be read is left alone and named once', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'audit.log.2.xz'), 'not text');
  append(join(directory, 'audit.log'), 'one');
  const recorder = await Recorder.open(t, [{ paths: [join(directory, 'audit.log*')] }]);
  await recorder.expect(['one']);
  await recorder.quiet();

  t.is(recorder.told.filter(({ level }) => level === 'warning').length, 1);
  await recorder.expect(['one']);
});

test('a file that was compressed unseen is told from another that begins with the same kilobytes', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const header = 'the same header, every time '.repeat(400);
  append(log, header, 'one');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect([header, 'one']);

  renameSync(log, `${log}.2`);
  append(log, header, 'two');
  compress(log, `${log}.1.gz`);
  append(log, 'three');

  await recorder.expect([header, 'one', header, 'two', 'three'], 'any order');
  t.deepEqual(recorder.notices, []);
});
