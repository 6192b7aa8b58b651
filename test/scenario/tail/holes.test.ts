/** Files with holes: a writer without O_APPEND after copytruncate, a crash that left zeros, a sparse file. */
import { closeSync, openSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { append, copyTruncate, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

const MIB = 1024 * 1024;

/** A program that opened its log without O_APPEND: it goes on at its own offset, whatever became of the file. */
class Writer {
  readonly #fd: number;

  constructor(
    path: string,
    private offset = 0,
  ) {
    this.#fd = openSync(path, 'w');
  }

  write(line: string): void {
    this.offset += writeSync(this.#fd, `${line}\n`, this.offset);
  }

  /** As if so much more had been written. */
  skip(bytes: number): void {
    this.offset += bytes;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

const holes = (recorder: Recorder) => recorder.told.filter(({ message }) => message.startsWith('A hole'));

test('after copytruncate a writer without O_APPEND leaves a hole: the lines come, not one NUL, and it is said', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const writer = new Writer(log);
  writer.write('before');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(['before']);
  writer.skip(100 * MIB);
  copyTruncate(log, `${log}.1`);
  writer.write('behind the hole');
  writer.write('the next');
  await recorder.expect(['before', 'behind the hole', 'the next']);
  await recorder.restart();
  writer.write('after a restart');
  writer.close();

  await recorder.expect(['before', 'behind the hole', 'the next', 'after a restart']);
  const bytes = 100 * MIB + 'before\n'.length;
  t.like(holes(recorder), [{ level: 'notice', facts: { path: log, offset: 0, bytes } }]);
  t.true(recorder.chunks.length < 20, `${recorder.chunks.length} chunks`);
  t.is(
    recorder.chunks.reduce((sum, chunk) => sum + (chunk.hole ?? 0), 0),
    bytes,
  );
});

test('a hole between lines, and one at the end, are skipped; what follows later is read', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log, 'one');
  truncateSync(log, 3 * MIB);
  append(log, 'two');
  truncateSync(log, 5 * MIB);
  const recorder = await Recorder.open(t, [{ paths: [log], partialLineTimeoutMs: 150 }]);
  await recorder.until(() => recorder.chunks.at(-1)?.to.offset === 5 * MIB, 'the end of the file');
  append(log, 'three');

  await recorder.expect(['one', 'two', 'three']);
  t.is(holes(recorder).length, 2);
  t.is(recorder.sources.files()[0]?.holeBytes, 5 * MIB - 'one\ntwo\n'.length);
});

test('a hole at the end is waited at, so that a file that was made large in advance is read as it is filled', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const writer = new Writer(log);
  truncateSync(log, MIB);
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  for (const line of ['one', 'two', 'three']) {
    writer.write(line);
    await recorder.until(() => recorder.lines().includes(line), line);
  }
  writer.close();

  await recorder.expect(['one', 'two', 'three']);
  t.deepEqual(holes(recorder), []);
});

test('a hole longer than is skipped at once is skipped in steps, also across restarts', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const end = 300 * MIB + 100;
  truncateSync(openAndClose(log), end);
  append(log, 'behind');
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.until(() => recorder.chunks.length > 0, 'the first step');
  await recorder.restart();

  await recorder.expect(['behind']);
  t.deepEqual(recorder.chunks.at(-1)?.from.offset, end);
  t.true(recorder.chunks.length < 10);
});

function openAndClose(path: string): string {
  closeSync(openSync(path, 'w'));
  return path;
}

test('a few NUL bytes are part of their line', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log, '\0\0start', 'in\0side', '\0'.repeat(4095));
  const recorder = await Recorder.open(t, [{ paths: [log] }]);

  await recorder.expect(['\0\0start', 'in\0side', '\0'.repeat(4095)]);
});
