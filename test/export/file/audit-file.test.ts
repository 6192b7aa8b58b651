import { mkdtemp, readdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { Allowance, AuditFile, type AuditFileOptions, linesBackward } from '../../../src/export/file/audit-file.js';
import { systemFiles } from '../../../src/lib/files.js';
import { ManualClock } from '../../support/manual-clock.js';

const DAY_MS = 86_400_000;

class Desk {
  readonly clock = new ManualClock();
  readonly path: string;

  constructor(readonly directory: string) {
    this.path = join(directory, 'default.log');
  }

  async open(changes: Partial<AuditFileOptions & { maxBytes: number }> = {}): Promise<AuditFile> {
    const { maxBytes = 10_000, ...options } = changes;
    const allowance = new Allowance(this.directory, maxBytes, systemFiles);
    const file = new AuditFile(
      { path: this.path, rotateBytes: 100, keepMs: 30 * DAY_MS, ...options },
      { clock: this.clock, files: systemFiles, allowance },
    );
    await file.open();
    return file;
  }

  /** A file that was written today, by the clock of the test. */
  async write(text: string): Promise<void> {
    await writeFile(this.path, text);
    const seconds = this.clock.nowMs() / 1000;
    await utimes(this.path, seconds, seconds);
  }

  async names(): Promise<string[]> {
    return (await readdir(this.directory)).sort();
  }
}

async function desk(t: ExecutionContext): Promise<Desk> {
  const directory = await mkdtemp(join(tmpdir(), 'oaf-audit-file-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return new Desk(directory);
}

async function backward(file: AuditFile): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of file.backward()) lines.push(line.toString());
  return lines;
}

test('what is appended is read back from the end, through rotated files', async (t) => {
  const at = await desk(t);
  const file = await at.open();
  const lines = Array.from({ length: 25 }, (_, n) => `line number ${n}`);

  for (const line of lines) await file.append(`${line}\n`);

  t.deepEqual(await backward(file), lines.toReversed());
  t.true((await stat(at.path)).size <= 100);
  await file.close();
});

test('a file is rotated before it grows beyond its size, to a numbered name', async (t) => {
  const at = await desk(t);
  const file = await at.open();

  for (let n = 0; n < 3; n += 1) await file.append(`${'x'.repeat(79)}\n`);

  t.deepEqual(await at.names(), ['default.log', 'default.log.000001-20261123', 'default.log.000002-20261123']);
  await file.close();
});

test('the first line of a new day begins a new file', async (t) => {
  const at = await desk(t);
  const file = await at.open();
  await file.append('yesterday\n');

  await at.clock.advance(DAY_MS);
  await file.append('today\n');

  t.is(await readFile(at.path, 'utf8'), 'today\n');
  t.is(await readFile(join(at.directory, 'default.log.000001-20261124'), 'utf8'), 'yesterday\n');
  await file.close();
});

test('rotated files go when they are old enough, but for the newest', async (t) => {
  const at = await desk(t);
  await writeFile(join(at.directory, 'default.log.000001-20200101'), 'old\n');
  await writeFile(join(at.directory, 'default.log.000002-20200102'), 'old\n');
  const file = await at.open({ keepMs: 1000 });
  await file.append('one\n');

  await at.clock.advance(30_000 * DAY_MS);
  await file.append('two\n');

  t.is((await at.names()).length, 2);
  t.regex((await at.names())[1]!, /^default\.log\.000003-/);
  await file.close();
});

test('a torn last line is ended at the next start, and read as a line', async (t) => {
  const at = await desk(t);
  await at.write('whole\nto');
  const file = await at.open();

  await file.append('next\n');

  t.is(await readFile(at.path, 'utf8'), 'whole\nto\nnext\n');
  await file.close();
});

test('beyond its allowance it writes nothing, and goes on when there is room', async (t) => {
  const at = await desk(t);
  await writeFile(join(at.directory, 'default.disclosures.log'), 'x'.repeat(90));
  const file = await at.open({ maxBytes: 100 });
  await file.append('12345\n');

  await t.throwsAsync(() => file.append('123456789\n'), { code: 'export-full' });
  t.is(await readFile(at.path, 'utf8'), '12345\n');
  await truncate(join(at.directory, 'default.disclosures.log'), 10);
  await file.append('123456789\n');

  t.is(await readFile(at.path, 'utf8'), '12345\n123456789\n');
  await file.close();
});

test('a file that somebody else has renamed is left to him', async (t) => {
  const at = await desk(t);
  const file = await at.open();
  await file.append('one\n');

  await rename(at.path, join(at.directory, 'elsewhere'));
  await file.append('two\n');

  t.is(await readFile(at.path, 'utf8'), 'two\n');
  t.is(await readFile(join(at.directory, 'elsewhere'), 'utf8'), 'one\n');
  await file.close();
});

test('the group may read it, others may not', async (t) => {
  const at = await desk(t);
  const file = await at.open();
  await file.append('one\n');

  t.is((await stat(at.path)).mode & 0o777, 0o640);
  await file.close();
});

test('what the disk refuses is an error with a hint, and the file can be opened again', async (t) => {
  const at = await desk(t);
  const missing = new Desk(join(at.directory, 'not', 'there'));

  const error = await t.throwsAsync(() => missing.open(), { code: 'export-write-failed' });
  t.regex(error.message, /cannot write .*default\.log: ENOENT/);
  const file = await at.open();
  await file.append('one\n');

  t.deepEqual(await backward(file), ['one']);
  await file.close();
});

test('lines come from the last to the first, wherever the reads are cut', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'oaf-lines-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'file');
  const line = fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\n', ''));

  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.boolean(), fc.integer({ min: 1, max: 20 }), async (lines, ends, readBytes) => {
      const text = lines.join('\n') + (ends && lines.length > 0 ? '\n' : '');
      await writeFile(path, text);
      const expected = text.split('\n');
      if (expected.at(-1) === '') expected.pop();

      const found: string[] = [];
      for await (const each of linesBackward(path, systemFiles, readBytes)) found.push(each.toString());

      t.deepEqual(found, expected.toReversed());
    }),
  );
});
