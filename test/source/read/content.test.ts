import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { systemFiles } from '../../../src/lib/files.js';
import { type Content, openContent } from '../../../src/source/read/content.js';
import { temporaryDirectory } from '../../support/files.js';

const TEXT = randomBytes(400_000).toString('hex');

async function open(t: ExecutionContext, bytes: Buffer): Promise<Content> {
  const path = join(temporaryDirectory(t), 'audit.log.gz');
  writeFileSync(path, bytes);
  const content = await openContent(path, 100_000, systemFiles);
  t.teardown(() => content.close());
  return content;
}

test('any range of a compressed text can be read, forward and back', async (t) => {
  const content = await open(t, gzipSync(TEXT));
  for (const [offset, length] of [
    [0, 100],
    [500_000, 300_000],
    [499_000, 1000],
    [3, 4096],
    [0, 900_000],
    [799_990, 100],
  ] as const) {
    t.is((await content.read(offset, length)).toString(), TEXT.slice(offset, offset + length));
  }
  t.true(await content.complete());
  t.is(content.damage, undefined);
});

test('several members are one text', async (t) => {
  const content = await open(t, Buffer.concat([gzipSync('first\n'), gzipSync('second\n')]));

  t.is((await content.read(0, 100)).toString(), 'first\nsecond\n');
});

test('a text that is still being written gives what there is, and is not complete', async (t) => {
  const whole = gzipSync(TEXT);
  const content = await open(t, whole.subarray(0, whole.length / 2));
  const found = (await content.read(0, TEXT.length)).toString();

  t.true(found.length > 100_000);
  t.true(TEXT.startsWith(found));
  t.false(await content.complete());
  t.is(content.damage, undefined);
});

test('what is no gzip at all is damaged, and has no text', async (t) => {
  const content = await open(t, Buffer.from('plain text under a wrong name\n'));

  t.is((await content.read(0, 100)).length, 0);
  t.regex(content.damage ?? '', /header/);
});
