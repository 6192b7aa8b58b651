/** One log with hundreds of rotated files that nobody has read yet. */
import { renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CountedFiles } from '../../support/counted-files.js';
import { append, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

const HEADER = '# the same heading in every file, as some programs write it\n';

/** Oldest first: `audit.log.N` … `audit.log.1`, `audit.log`. */
function writeGenerations(log: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => {
    const path = n === count - 1 ? log : `${log}.${count - 1 - n}`;
    const line = `generation ${n} ${'x'.repeat((n % 7) * 1_000)}`;
    writeFileSync(path, `${HEADER}${line}\n`);
    const atMs = Date.now() - 3_600_000 + n * 1_000;
    utimesSync(path, new Date(atMs), new Date(atMs));
    return [HEADER.trim(), line];
  }).flat();
}

/** How many calls of the file system it takes to read them all. */
async function callsFor(t: ExecutionContext, count: number): Promise<number> {
  const log = join(temporaryDirectory(t), 'audit.log');
  const lines = writeGenerations(log, count);
  const files = new CountedFiles();
  const recorder = await Recorder.open(t, [{ paths: [log] }], { files, pollMs: 3_600_000 });
  await recorder.expect(lines);
  const { calls } = files;
  await recorder.stop();
  return calls;
}

test.serial('what it costs to read unread generations grows with their number, not faster', async (t) => {
  const few = await callsFor(t, 50);
  const many = await callsFor(t, 500);
  t.true(many < 15 * few, `${few} calls for 50, ${many} for 500`);
});

test('generations that were half read are all found again after a restart that rotated them once more', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const count = 300;
  const lines = writeGenerations(log, count);
  const recorder = await Recorder.open(t, [{ paths: [log] }]);
  await recorder.expect(lines);

  await recorder.stop();
  const late: string[] = [];
  for (let n = count - 1; n >= 1; n--) renameSync(`${log}.${n}`, `${log}.${n + 1}`);
  renameSync(log, `${log}.1`);
  for (const n of [1, 100, 200]) {
    late.push(`late in what was ${n}`);
    append(`${log}.${n}`, late.at(-1)!);
  }
  append(log, ...numbered('new', 3));
  await recorder.start();

  await recorder.expect([...lines, ...late, ...numbered('new', 3)], 'any order');
  await recorder.quiet();
  await recorder.expect([...lines, ...late, ...numbered('new', 3)], 'any order');
  t.deepEqual(recorder.notices, []);
});
