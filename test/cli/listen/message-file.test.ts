import test from 'ava';
import fc from 'fast-check';
import { lineOf } from '../../../src/cli/listen/message-file.js';
import { restored } from '../../../src/verify/frame-hash.js';

test('a line is one line, and `verify` reads the message out of it', (t) => {
  // A message that holds the characters of an escape itself is the one that cannot be told; --raw is for those.
  const messages = fc.uint8Array({ minLength: 1 }).filter((bytes) => !bytes.includes(0x23));
  fc.assert(
    fc.property(messages, (bytes) => {
      const message = Buffer.from(bytes);

      const line = lineOf(message);

      t.false(line.includes(0x0a));
      t.deepEqual(restored(line), message);
    }),
  );
});

test('text with a tab and beyond ASCII stays as it is', (t) => {
  const message = Buffer.from('a\tb Mónica 日本');

  t.is(lineOf(message), message);
});
