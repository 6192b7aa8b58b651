import test from 'ava';
import fc from 'fast-check';
import { Framer, type Framing } from '../../src/collector/framing.js';
import { encodeFrame, Unframer } from '../../src/syslog/rfc5425.js';

const MAX = 1000;
const ATNA_HEADER = '<13>2026-11-20T07:58:01-05:00 emr.clinic.example';
const ATNA_XML = '<?xml version="1.0" encoding="ASCII"?>\n <AuditMessage>\n  <EventIdentification/>\n </AuditMessage>';

function framer(): Framer {
  return new Framer(new Unframer({ maxMessageBytes: MAX }), MAX);
}

/** What comes out of a stream that arrives in pieces of `size` octets. */
function read(
  stream: string | Buffer,
  size = Infinity,
): { messages: string[]; framing: Framing | undefined; rest: number } {
  const reader = framer();
  const bytes = Buffer.from(stream);
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) messages.push(...reader.feed(bytes.subarray(at, at + size)));
  messages.push(...reader.end());
  return { messages: messages.map(String), framing: reader.framing, rest: reader.unfinishedBytes };
}

const streams: [title: string, stream: string, framing: Framing, messages: string[]][] = [
  ['frames', '5 hello7 12 <13>', 'octet-counted', ['hello', '12 <13>']],
  ['a frame that holds newlines', '3 a\nb', 'octet-counted', ['a\nb']],
  ['the line of the PHP recipe', 'hello, this is a message\n', 'lines', ['hello, this is a message']],
  ['lines that end by CR LF', '<13>a\r\n<13>b\r\n', 'lines', ['<13>a', '<13>b']],
  ['a last line without newline', '<13>a\n<13>b', 'lines', ['<13>a', '<13>b']],
  ['empty lines', '\n\n<13>b\n', 'lines', ['', '', '<13>b']],
  [
    'RFC 5424 messages a line',
    '<34>1 2026-11-20T07:58:01Z h a - - - x\n',
    'lines',
    ['<34>1 2026-11-20T07:58:01Z h a - - - x'],
  ],
  ['XML under the header of OpenEMR', `${ATNA_HEADER}\n${ATNA_XML}`, 'openemr-atna', [`${ATNA_HEADER}\n${ATNA_XML}`]],
  [
    'XML on the header of OpenEMR 5',
    `<13> ${ATNA_HEADER.slice(4)} ${ATNA_XML}`,
    'openemr-atna',
    [`<13> ${ATNA_HEADER.slice(4)} ${ATNA_XML}`],
  ],
  ['a header with other text under it', `${ATNA_HEADER}\nhello\n`, 'lines', [ATNA_HEADER, 'hello']],
  ['a header and nothing more', `${ATNA_HEADER}\n`, 'lines', [ATNA_HEADER]],
];

for (const [title, stream, framing, messages] of streams) {
  test(`takes ${title} as ${framing}, wherever the stream is cut`, (t) => {
    for (const size of [Infinity, 1, 2, 3, 7, 50]) {
      t.deepEqual(read(stream, size), { messages, framing, rest: 0 }, `in pieces of ${size}`);
    }
  });
}

test('of a connection that broke only the document of OpenEMR that has its end is a message', (t) => {
  const cut = (stream: string) => {
    const reader = framer();
    reader.feed(Buffer.from(stream));
    return reader.cutOff().map(String);
  };

  t.deepEqual(cut(`${ATNA_HEADER}\n${ATNA_XML}`), [`${ATNA_HEADER}\n${ATNA_XML}`]);
  t.deepEqual(cut(`${ATNA_HEADER}\n${ATNA_XML}\n`), [`${ATNA_HEADER}\n${ATNA_XML}\n`]);
  t.deepEqual(cut(`${ATNA_HEADER}\n${ATNA_XML.slice(0, -1)}`), []);
  t.deepEqual(cut(`${ATNA_HEADER}\n`), []);
  t.deepEqual(cut('half a line'), []);
  t.deepEqual(cut('5 hel'), []);
  t.deepEqual(cut(''), []);
});

test('any messages come out of frames as they went in', (t) => {
  const messages = fc.array(fc.uint8Array({ minLength: 1, maxLength: MAX }), { minLength: 1 });
  fc.assert(
    fc.property(messages, fc.integer({ min: 1, max: 200 }), (sent, size) => {
      const stream = Buffer.concat(sent.map(encodeFrame));

      const { messages: got } = read(stream, size);

      t.deepEqual(
        got,
        sent.map((message) => Buffer.from(message).toString()),
      );
    }),
  );
});

test('a frame cut off is no message, and its octets are counted', (t) => {
  const { messages, rest } = read('5 hello5 hel');

  t.deepEqual(messages, ['hello']);
  t.is(rest, '5 hel'.length);
});

test('says where a stream of frames stops being one, after the messages before it', (t) => {
  const reader = framer();

  const messages = reader.feed(Buffer.from('5 helloworld'));

  t.deepEqual(messages.map(String), ['hello']);
  t.regex(reader.fault ?? '', /at octet 7/);
});

test('refuses a line, an XML document and a frame of more than the limit', (t) => {
  for (const stream of ['x'.repeat(MAX + 1), `${ATNA_HEADER}\n${ATNA_XML}${' '.repeat(MAX)}`, `${MAX + 1} x`]) {
    const reader = framer();
    reader.feed(Buffer.from(stream));
    t.not(reader.fault, undefined, stream.slice(0, 20));
  }
});

test('lines of the limit pass however many come in one read', (t) => {
  const line = 'x'.repeat(MAX);

  const { messages } = read(`${line}\n`.repeat(5));

  t.deepEqual(messages, [line, line, line, line, line]);
});

test('a line of 16 MB in pieces of 1 KiB comes out whole, without being copied with each of them', (t) => {
  const framer = new Framer(new Unframer({ maxMessageBytes: 17_000_000 }), 17_000_000);
  const piece = Buffer.alloc(1024, 'x');
  for (let at = 0; at < 16_000; at += 1) t.is(framer.feed(piece).length, 0);
  t.is(framer.unfinishedBytes, 16_384_000);
  const [line] = framer.feed(Buffer.from('\n'));
  t.is(line?.length, 16_384_000);
  t.is(framer.unfinishedBytes, 0);
});
