import { execFileSync } from 'node:child_process';
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readUpTo } from '../../src/lib/read-up-to.js';
import { temporaryDirectory } from '../support/files.js';

test('a file is read whole up to its limit, and not at all beyond it', async (t) => {
  const path = join(temporaryDirectory(t), 'file');
  for (const [size, most] of [
    [0, 10],
    [10, 10],
    [200_000, 200_000],
    [200_000, 1_000_000],
  ] as const) {
    const content = Buffer.alloc(size, 'x');
    writeFileSync(path, content);
    t.deepEqual(await readUpTo(path, most), content);
  }
  t.is(await readUpTo(path, 199_999), undefined);
});

test('a device without end is given up, a pipe is read to its end, and an absent file is the system’s error', async (t) => {
  t.is(await readUpTo('/dev/zero', 1_000_000), undefined);
  const pipe = join(temporaryDirectory(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reading = readUpTo(pipe, 1_000_000);
  const writer = createWriteStream(pipe);
  writer.write('one ');
  writer.end('two');
  t.is((await reading)?.toString(), 'one two');
  await t.throwsAsync(readUpTo(join(pipe, 'below'), 10), { code: 'ENOTDIR' });
});
