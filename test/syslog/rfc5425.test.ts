import test from 'ava';
import fc from 'fast-check';
import { encodeFrame, frameLength, frames, Unframer } from '../../src/syslog/rfc5425.js';

const messages = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes)));
const cuts = fc.array(fc.nat(), { maxLength: 8 });
const options = { maxMessageBytes: 8192 };

test('a frame is the length in octets, a space, the message', (t) => {
  t.deepEqual(encodeFrame(Buffer.from('<1>1 - - - - - - hellø')), Buffer.from('23 <1>1 - - - - - - hellø'));
  t.throws(() => encodeFrame(Buffer.alloc(0)), { instanceOf: RangeError });
});

test('the length of a frame is known from the length of its message', (t) => {
  for (const length of [1, 9, 10, 99, 100, 8192]) t.is(encodeFrame(Buffer.alloc(length)).length, frameLength(length));
});

test('messages survive framing, wherever the stream is cut', (t) => {
  fc.assert(
    fc.property(messages, cuts, (sent, at) => {
      const unframer = new Unframer(options);
      const stream = Buffer.concat(sent.map(encodeFrame));

      const received = pieces(stream, at).flatMap((piece) => unframer.feed(piece));

      t.deepEqual(received, sent);
      t.is(unframer.fault, undefined);
      t.is(unframer.pending, 0);
      t.is(unframer.frameOffset, stream.length);
    }),
  );
});

test('messages survive a stream that comes octet by octet', (t) => {
  const sent = ['a', 'b'.repeat(10), 'c'.repeat(1000), 'ø'].map((text) => Buffer.from(text));
  const unframer = new Unframer(options);
  const received = [...Buffer.concat(sent.map(encodeFrame))].flatMap((octet) => unframer.feed(Buffer.from([octet])));
  t.deepEqual(received, sent);
});

const broken: Record<string, [stream: string, received: number, reason: string, offset: number]> = {
  'a letter': ['x', 0, 'bad-msg-len', 0],
  'a leading zero': ['017 <1>1 - - - - - -', 0, 'bad-msg-len', 0],
  'length 0': ['0 ', 0, 'bad-msg-len', 0],
  'a plus sign': ['+17 <1>1 - - - - - -', 0, 'bad-msg-len', 0],
  'a space first': [' 17 <1>1 - - - - - -', 0, 'bad-msg-len', 0],
  'LF after the first frame (RFC 6587 senders)': ['1 a\n1 b\n', 1, 'bad-msg-len', 3],
  'no length at all': ['<1>1 - - - - - -\n', 0, 'bad-msg-len', 0],
  'text in the length': ['1 a12x4 ', 1, 'bad-msg-len', 3],
  'one octet too many': ['1 a8193 ', 1, 'too-long', 3],
  'a length that no number holds': [`${'9'.repeat(400)} `, 0, 'too-long', 0],
};
for (const [why, [stream, received, reason, offset]] of Object.entries(broken)) {
  test(`${why} breaks a stream, and is told with its offset wherever the stream is cut`, (t) => {
    fc.assert(
      fc.property(cuts, (at) => {
        const unframer = new Unframer(options);
        const messages = pieces(Buffer.from(stream), at).flatMap((piece) => unframer.feed(piece));

        t.is(messages.length, received);
        t.deepEqual<unknown, unknown>(unframer.fault, { reason, offset });
        t.deepEqual(unframer.feed(Buffer.from('1 a')), []);
      }),
    );
  });
}

test('a message of exactly the most that is allowed is taken', (t) => {
  const unframer = new Unframer(options);
  t.is(unframer.feed(encodeFrame(Buffer.alloc(8192, 'x')))[0]?.length, 8192);
});

test('a stream that ends inside a frame says how much of it is there and where it began', (t) => {
  const unframer = new Unframer(options);
  unframer.feed(Buffer.from('1 a10 abc'));
  t.is(unframer.pending, '10 abc'.length);
  t.is(unframer.frameOffset, '1 a'.length);

  unframer.feed(Buffer.from('defghij12'));
  t.is(unframer.pending, '12'.length);
});

test('what is kept for a frame grows with what has come, not with what was announced', (t) => {
  const unframer = new Unframer({ maxMessageBytes: 1 << 30 });
  const before = process.memoryUsage().arrayBuffers;
  unframer.feed(Buffer.from(`${1 << 30} x`));
  t.true(process.memoryUsage().arrayBuffers - before < 1 << 29);
});

test('the frames of a buffer are found, and an unfinished one at its end is left out', (t) => {
  fc.assert(
    fc.property(messages, fc.nat(), (sent, cut) => {
      const all = Buffer.concat(sent.map(encodeFrame));
      const buffer = all.subarray(0, cut % (all.length + 1));

      const spans = [...frames(buffer)];

      let start = 0;
      for (const [index, span] of spans.entries()) {
        t.is(span.start, start);
        t.deepEqual(buffer.subarray(span.message, span.end), sent[index]);
        start = span.end;
      }
      const next = sent[spans.length];
      if (next !== undefined) t.true(start + frameLength(next.length) > buffer.length);
    }),
  );
});

test('a buffer that holds something else than frames is refused with the place', (t) => {
  t.throws(() => [...frames(Buffer.from('1 a2x b'))], { code: 'bad-frame', message: /byte 3 of 7/ });
  t.throws(() => [...frames(Buffer.from('1 ax'))], { code: 'bad-frame' });
});

/** The stream cut at these places, in order. */
function pieces(stream: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length])].sort(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, index) => stream.subarray(places[index], end));
}
