import { appendFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { append, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

test('a last line without newline is sent after its time, and what follows later is its continuation', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  appendFileSync(log, 'whole\nhalf a');
  const recorder = await Recorder.open(t, [{ paths: [log], partialLineTimeoutMs: 150 }]);
  await recorder.expect(['whole', 'half a']);
  t.is(recorder.chunks.at(-1)?.ending, 'waiting');

  await recorder.restart();
  await recorder.quiet();
  appendFileSync(log, ' line\nnext\n');
  await recorder.expect(['whole', 'half a line', 'next']);
  t.deepEqual(recorder.chunks.at(-1)?.from.insideLine, { start: 6, parts: 1 });
  t.is(recorder.chunks.at(-1)?.to.insideLine, undefined);
});

test('a last line without newline is sent after its time though its file is renamed meanwhile', async (t) => {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  append(log, 'whole');
  const recorder = await Recorder.open(t, [{ paths: [log], partialLineTimeoutMs: 500 }]);
  await recorder.expect(['whole']);

  appendFileSync(log, 'half');
  renameSync(log, `${log}.1`);

  await recorder.expect(['whole', 'half']);
});

test('a line written in pieces is waited for as long as it grows', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const recorder = await Recorder.open(t, [{ paths: [log], partialLineTimeoutMs: 60_000 }]);
  for (const piece of ['in ', 'many ', 'pieces']) {
    appendFileSync(log, piece);
    await recorder.quiet();
  }
  t.deepEqual(recorder.lines(), []);
  appendFileSync(log, '\n');

  await recorder.expect(['in many pieces']);
  t.is(recorder.chunks.filter(({ bytes }) => bytes.length > 0).length, 1);
});

test('a last line without newline is sent at once when its file is gone', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  appendFileSync(log, 'one\nlast words');
  const recorder = await Recorder.open(t, [{ paths: [log], partialLineTimeoutMs: 3_600_000 }]);
  await recorder.expect(['one']);
  rmSync(log);

  await recorder.expect(['one', 'last words']);
  t.is(recorder.chunks.findLast(({ bytes }) => bytes.length > 0)?.ending, 'final');
});

test('a line longer than the limit is taken in parts, whatever its size, also across restarts', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const long = 'long '.repeat(2_000_000);
  append(log, 'before', long, 'after');
  const recorder = await Recorder.open(t, [{ paths: [log], maxLineBytes: 300_000 }]);
  await recorder.until(() => recorder.chunks.length > 5, 'some parts');
  await recorder.restart(2);

  await recorder.expect(['before', long, 'after']);
  const parts = recorder.chunks.filter(({ ending }) => ending === 'part');
  t.deepEqual(
    parts.map(({ to }) => to.insideLine?.parts),
    parts.map((_, index) => index + 1),
  );
  t.true(parts.every(({ bytes }) => bytes.length <= 300_000));
});

test('a long line that grows beyond one read, but not beyond the limit, stays whole', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  appendFileSync(log, 'x'.repeat(400_000));
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.quiet();
  appendFileSync(log, `${'y'.repeat(400_000)}\nnext\n`);

  await recorder.expect([`${'x'.repeat(400_000)}${'y'.repeat(400_000)}`, 'next']);
  t.true(recorder.chunks.every(({ ending }) => ending === 'newline'));
});

test('bytes arrive as they are: CR, NUL, byte order mark, bad UTF-8 and empty lines', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const bytes = Buffer.concat([
    Buffer.from('\ufeffwith mark\r\n\r\n\n'),
    Buffer.from([0xff, 0xfe, 0x0a, 0xc3, 0x28, 0x0a]),
    Buffer.alloc(4000),
    Buffer.from('\nend\n'),
  ]);
  writeFileSync(log, bytes);
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.until(() => recorder.lines().length === 7, 'seven lines');

  t.true(Buffer.concat(recorder.chunks.map((chunk) => chunk.bytes)).equals(bytes));
});
