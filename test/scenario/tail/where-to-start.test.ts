import { appendFileSync, renameSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { append, copyTruncate, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

test('startAt beginning takes rotated parts that were there before the first start, the oldest first', async (t) => {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  append(log, ...numbered('first', 5));
  renameSync(log, join(directory, 'audit.log.000001-20260101'));
  append(log, ...numbered('second', 5));
  renameSync(log, join(directory, 'audit.log.000002-20260102'));
  append(log, ...numbered('third', 5));
  const recorder = await Recorder.open(t, [{ paths: [log] }]);

  await recorder.expect([...numbered('first', 5), ...numbered('second', 5), ...numbered('third', 5)]);
});

test('startAt end skips what was there at the first start of a source, and nothing else, ever', async (t) => {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  append(log, ...numbered('before', 10));
  appendFileSync(log, 'half a ');
  const recorder = await Recorder.open(t, [{ paths: [join(directory, '*.log')], startAt: 'end' }]);
  await recorder.until(() => recorder.positions().length === 1, 'the skipped file to be known');
  await recorder.stop();
  append(log, 'line');
  append(join(directory, 'new.log'), 'a new file');
  await recorder.start();

  await recorder.expect(['half a line', 'a new file'], 'any order');
});

test('exclude leaves files alone, and a file that two sources match is read once and named', async (t) => {
  const directory = temporaryDirectory(t);
  append(join(directory, 'a.log'), 'a');
  append(join(directory, 'debug.log'), 'never');
  const recorder = await Recorder.open(t, [
    { name: 'first', paths: [join(directory, '*.log')], exclude: [join(directory, 'debug*')] },
    { name: 'second', paths: [join(directory, 'a.*')] },
  ]);
  await recorder.expect(['a']);
  await recorder.quiet();

  t.is(recorder.chunks[0]?.from.source, 'first');
  const warnings = recorder.told.filter(({ message }) => /two sources/.test(message));
  t.deepEqual(
    warnings.map(({ facts }) => [facts.source, facts.other]),
    [['first', 'second']],
  );
  await recorder.expect(['a']);
});

test('a ring of files that are truncated and written in turn is read once all round', async (t) => {
  const directory = temporaryDirectory(t);
  const ring = ['error.log', 'error.log.1', 'error.log.2'].map((name) => join(directory, name));
  const recorder = await Recorder.open(t, [{ paths: [join(directory, 'error.log*')] }]);
  const all: string[] = [];
  const { writeFileSync } = await import('node:fs');
  for (let turn = 0; turn < 9; turn++) {
    const lines = numbered(`turn ${turn} line`, 5 + (turn % 4) * 60);
    writeFileSync(ring[turn % 3]!, '');
    for (const line of lines) append(ring[turn % 3]!, line);
    all.push(...lines);
    await recorder.expect(all);
  }
  await recorder.restart();
  await recorder.quiet();
  await recorder.expect(all);
  t.deepEqual(recorder.notices, []);
});

test('dated names and a new file that comes later lose nothing', async (t) => {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  append(log, 'one');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(['one']);

  append(log, 'two');
  renameSync(log, join(directory, 'audit-20260101.log'));
  await recorder.quiet();
  append(join(directory, 'audit-20260101.log'), 'three');
  await recorder.expect(['one', 'two', 'three']);
  append(log, 'four');

  await recorder.expect(['one', 'two', 'three', 'four']);
});

test('rotated files in a directory of their own are found after a stop', async (t) => {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  const { mkdirSync } = await import('node:fs');
  mkdirSync(join(directory, 'old'));
  append(log, ...numbered('first', 5));
  const recorder = await Recorder.open(t, [{ paths: [log], rotated: [join(directory, 'old', '*')] }]);
  await recorder.expect(numbered('first', 5));

  await recorder.stop();
  append(log, ...numbered('second', 5));
  renameSync(log, join(directory, 'old', 'audit.log.1'));
  append(log, ...numbered('third', 5));
  renameSync(join(directory, 'old', 'audit.log.1'), join(directory, 'old', 'audit.log.2'));
  renameSync(log, join(directory, 'old', 'audit.log.1'));
  append(log, 'fourth');
  await recorder.start();

  await recorder.expect([...numbered('first', 5), ...numbered('second', 5), ...numbered('third', 5), 'fourth']);
});

test('what was rotated away just before the first start is skipped for good, also when nothing is written after', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log, ...numbered('old', 5));
  copyTruncate(log, `${log}.1`);
  utimesSync(`${log}.1`, new Date(), new Date(statSync(log).mtimeMs - 1));
  const recorder = await Recorder.open(t, [{ paths: [log], startAt: 'end' }]);
  await recorder.until(() => recorder.chunks.length > 0, 'the log to be known');

  await recorder.restart();
  await recorder.quiet();

  t.deepEqual(recorder.lines(), []);
});
