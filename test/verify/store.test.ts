import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { Unframer } from '../../src/syslog/rfc5425.js';
import { readStore } from '../../src/verify/store.js';
import { openPaths, temporaryDirectory } from '../support/files.js';
import { asFrames, asLines, auditMessages, runId } from '../support/stored.js';

const messages = auditMessages(runId(1), 1, 2000);

async function read(t: ExecutionContext, content: Buffer) {
  const file = join(temporaryDirectory(t), 'store');
  writeFileSync(file, content);
  const broken: string[] = [];
  const found: { text: string | undefined; offset: number; unfinished: boolean }[] = [];
  let read = 0;
  const store = readStore(file, {
    unframe: (maxMessageBytes) => new Unframer({ maxMessageBytes }),
    onRead: (bytes) => {
      read = bytes;
    },
    onBroken: (reason, offset) => broken.push(`${reason} at ${offset}`),
  });
  for await (const batch of store) {
    for (const { bytes, offset, unfinished } of batch)
      found.push({ text: bytes?.toString('latin1'), offset, unfinished });
  }
  return { found, broken, read, texts: found.map(({ text }) => text) };
}

const texts = messages.map((message) => message.toString('latin1'));

for (const [form, encode] of [
  ['a message a line', asLines],
  ['frames', asFrames],
] as const) {
  test(`${form}: every message with the offset at which it begins`, async (t) => {
    const content = encode(messages);

    const { found, broken, read: bytes, texts: read_ } = await read(t, content);

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
  t.deepEqual(await read(t, Buffer.alloc(0)), { found: [], broken: [], read: 0, texts: [] });
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
  unframe: () => new Unframer({ maxMessageBytes: 1 }),
  onRead: () => undefined,
  onBroken: () => undefined,
};

test('a file that is not there is an error', async (t) => {
  const store = readStore(join(temporaryDirectory(t), 'absent'), deaf);

  await t.throwsAsync(() => store.next(), { code: 'ENOENT' });
});

test('what can be opened and not be read is an error, and is not left open', async (t) => {
  const directory = temporaryDirectory(t);

  await t.throwsAsync(() => readStore(directory, deaf).next(), { code: 'EISDIR' });

  t.deepEqual(openPaths(directory), []);
});
