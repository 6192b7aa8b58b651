import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { systemFiles } from '../../src/lib/files.js';
import { scanStore } from '../../src/verify/scan.js';
import { openPaths, temporaryDirectory } from '../support/files.js';
import { asFrames, asLines, auditMessages, runId } from '../support/stored.js';

const messages = auditMessages(runId(1), 1, 2000);

async function read(t: ExecutionContext, content: Buffer) {
  const file = join(temporaryDirectory(t), 'store');
  writeFileSync(file, content);
  const broken: string[] = [];
  const found: { text: string | undefined; offset: number; unfinished: boolean }[] = [];
  let read = 0;
  let misplaced = 0;
  await scanStore(file, systemFiles, {
    message: (bytes, start, end, at, offset) => {
      const text = bytes.toString('latin1', start, end);
      found.push({ text, offset, unfinished: false });
      if (at > content.length || content.toString('latin1', at, at + text.length) !== text) misplaced += 1;
    },
    tooLong: (offset) => found.push({ text: undefined, offset, unfinished: false }),
    unfinished: (reason, offset) =>
      reason === 'cut-off'
        ? broken.push(`${reason} at ${offset}`)
        : found.push({ text: undefined, offset, unfinished: true }),
    broken: (reason, offset) => broken.push(`${reason} at ${offset}`),
    read: (bytes) => {
      read = bytes;
    },
  });
  return { found, broken, read, misplaced, texts: found.map(({ text }) => text) };
}

const texts = messages.map((message) => message.toString('latin1'));

for (const [form, encode] of [
  ['a message a line', asLines],
  ['frames', asFrames],
] as const) {
  test(`${form}: every message with the offset at which it begins`, async (t) => {
    const content = encode(messages);

    const { found, broken, read: bytes, misplaced, texts: read_ } = await read(t, content);
    t.is(misplaced, 0);

    t.deepEqual(read_, texts);
    t.deepEqual(broken, []);
    t.is(bytes, content.length);
    for (const { text, offset } of [found[0]!, found[777]!, found.at(-1)!]) {
      const around = content.toString('latin1', offset, offset + text!.length + 5);
      t.true(around.replace(/^\d+ /, '').startsWith(text!));
    }
  });

  test(`${form}: gzip is undone, also when several parts were joined`, async (t) => {
    const parts = [encode(messages.slice(0, 700)), encode(messages.slice(700))];

    const { texts: found, broken } = await read(t, Buffer.concat(parts.map((part) => gzipSync(part))));

    t.deepEqual(found, texts);
    t.deepEqual(broken, []);
  });

  test(`${form}: a file shorter than a message is told by its first octets all the same`, async (t) => {
    t.deepEqual((await read(t, encode([Buffer.from('<1>')]))).texts, ['<1>']);
  });
}

test('an empty file holds nothing', async (t) => {
  t.deepEqual(await read(t, Buffer.alloc(0)), { found: [], broken: [], read: 0, misplaced: 0, texts: [] });
});

test('a last line without its end is marked', async (t) => {
  const { found } = await read(t, Buffer.concat([asLines(messages.slice(0, 2)), messages[2]!.subarray(0, 50)]));

  t.deepEqual(
    found.map(({ unfinished }) => unfinished),
    [false, false, true],
  );
});

test('empty lines are nothing', async (t) => {
  t.deepEqual((await read(t, Buffer.from('\n\n<1>1 - - - - - -\n\n'))).texts, ['<1>1 - - - - - -']);
});

test('a line that begins with a date is no frame', async (t) => {
  t.deepEqual((await read(t, Buffer.from('2026-11-23T10:00:00Z host app: text\n'))).texts, [
    '2026-11-23T10:00:00Z host app: text',
  ]);
});

test('frames cut off at the end of the file are told with their place', async (t) => {
  const whole = asFrames(messages.slice(0, 3));

  const { texts: found, broken } = await read(t, Buffer.concat([whole, Buffer.from('300 <85>1 ')]));

  t.deepEqual(found, texts.slice(0, 3));
  t.deepEqual(broken, [`cut-off at ${whole.length}`]);
});

test('frames that nobody can follow any more are told once, with their place', async (t) => {
  const whole = asFrames(messages.slice(0, 3));

  const { texts: found, broken } = await read(t, Buffer.concat([whole, Buffer.from('nonsense '.repeat(100_000))]));

  t.deepEqual(found, texts.slice(0, 3));
  t.deepEqual(broken, [`bad-msg-len at ${whole.length}`]);
});

test('what a damaged gzip file still gives is read, and the damage told', async (t) => {
  const packed = gzipSync(asLines(messages));

  const { texts: found, broken } = await read(t, packed.subarray(0, packed.length - 200));

  t.true(found.length > 0);
  t.is(broken.length, 1);
  t.regex(broken[0]!, /^bad-gzip at \d+$/);
});

const deaf = {
  message: () => undefined,
  tooLong: () => undefined,
  unfinished: () => undefined,
  broken: () => undefined,
  read: () => undefined,
};

test('a message that is longer than the buffer is found whole, and so is the next', async (t) => {
  const long = Buffer.from(`<1>1 - - - - - - ${'x'.repeat(3 * 1024 * 1024)}`);
  for (const encode of [asLines, asFrames]) {
    const { texts: found } = await read(t, encode([long, messages[0]!]));
    t.deepEqual([found[0]?.length, found[1]], [long.length, texts[0]]);
  }
});

test('a file that is not there is an error', async (t) => {
  await t.throwsAsync(() => scanStore(join(temporaryDirectory(t), 'absent'), systemFiles, deaf), { code: 'ENOENT' });
});

test('what can be opened and not be read is an error, and is not left open', async (t) => {
  const directory = temporaryDirectory(t);

  await t.throwsAsync(() => scanStore(directory, systemFiles, deaf), { code: 'EISDIR' });

  t.deepEqual(openPaths(directory), []);
});
