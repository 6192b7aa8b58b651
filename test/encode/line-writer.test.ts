/** A profile that throws for certain lines, in every place that it is asked: a fault of the program, as content may provoke one. */
import test from 'ava';
import fc from 'fast-check';
import type { Config } from '../../src/config/config.js';
import { Encoder, profileOf } from '../../src/encode/encoder.js';
import type { LineFault } from '../../src/encode/line-writer.js';
import type { Describer, Description, MessageMaker, Profile } from '../../src/encode/profile.js';
import type { Chunk } from '../../src/model/line.js';
import { LEAST, load } from '../support/config.js';
import { splitFrames } from '../support/split-frames.js';
import { readStrictly } from '../support/strict-syslog.js';

const RUN = '00112233445566ff';
const TAIL = '0123456789abcdef';

/** Lines that hold these words throw: when they are looked into, when their message is written, even as they are. */
const IN_LINE = 'boom';
const IN_FORMAT = 'bang';
const AS_IT_IS = 'doom';

function throwing(profile: Profile): Profile {
  return { own: (...all) => profile.own(...all), maker: (source) => throwingMaker(profile.maker(source)) };
}

function throwingMaker(maker: MessageMaker): MessageMaker {
  const bursting = new WeakSet<Description>();
  const looked = (bytes: Buffer, start: number, end: number, words: readonly string[]) => {
    const text = bytes.toString('latin1', start, end);
    if (words.some((word) => text.includes(word))) throw new TypeError(`cannot read ${text}`);
    return text;
  };
  return {
    whole: maker.whole,
    extra: (...all) => maker.extra(...all),
    room: (description) => maker.room(description),
    format: (description, ...all) => {
      if (bursting.has(description)) throw new RangeError('too long');
      return maker.format(description, ...all);
    },
    describer: (path, readAtMs): Describer => {
      const describer = maker.describer(path, readAtMs);
      return {
        line: (bytes, start, end, memory) => {
          const text = looked(bytes, start, end, [IN_LINE, AS_IT_IS]);
          const described = describer.line(bytes, start, end, memory);
          if (text.includes(IN_FORMAT) && !('unsent' in described)) bursting.add(described);
          return described;
        },
        piece: (bytes, start, end, memory) => {
          looked(bytes, start, end, [IN_LINE, AS_IT_IS, IN_FORMAT]);
          return describer.piece(bytes, start, end, memory);
        },
        asItIs: (bytes, start, end, memory) => {
          looked(bytes, start, end, [AS_IT_IS]);
          return describer.asItIs(bytes, start, end, memory);
        },
      };
    },
  };
}

function configOf(format: string, message = 'maxBytes: 2KiB'): Promise<Config> {
  return load(`${LEAST.replace('name: main,', `name: main, format: ${format},`)}\nmessage: { ${message} }`);
}

function encoderOf({ sources, message }: Config) {
  const faults: LineFault[] = [];
  const encoder = new Encoder({
    sources,
    message,
    run: RUN,
    nextSeq: 1,
    positions: [],
    profile: throwing(profileOf(message, RUN, () => 'unknown')),
    faulty: (_at, found) => faults.push(...found),
  });
  return { encoder, faults };
}

function chunkOf(text: string | Buffer, offset = 0, ending: Chunk['ending'] = 'newline'): Chunk {
  const bytes = Buffer.from(text);
  const identity = { inode: 1, device: 1, birthtimeMs: 1, head: '', last: '' };
  const from = { tailId: TAIL, source: 'main', path: '/var/log/audit.log', identity, offset };
  return { from, to: { ...from, offset: offset + bytes.length }, bytes, ending, readAtMs: Date.UTC(2026, 10, 24) };
}

const messagesOf = (frames: Buffer) => splitFrames(frames).messages.map(readStrictly);

test('a line whose message cannot be made goes out as it is and marked, and those around it as ever', async (t) => {
  const { encoder, faults } = encoderOf(await configOf('openemr'));
  const lines = [
    '{"event":"login","user":"a"}',
    '{"event":"boom"}',
    '{"event":"bang"}',
    '{"event":"logout","user":"b"}',
  ];

  const { frames, count, first } = encoder.encode(chunkOf(`${lines.join('\n')}\n`));

  const read = messagesOf(frames);
  t.deepEqual(
    read.map(({ msg }) => msg?.toString()),
    lines,
  );
  const params = read.map(({ elements }) => new Map(elements.get('audit@32473')));
  t.deepEqual(
    params.map((each) => [each.get('seq'), each.get('unparsed'), each.get('event')]),
    [
      ['1', 'no-date', 'login'],
      ['2', 'fault', undefined],
      ['3', 'fault', undefined],
      ['4', 'no-date', 'logout'],
    ],
  );
  t.deepEqual([first.seq, count, encoder.nextSeq], [1, 4, 5]);
  const { lines: counted, messages, faulty } = encoder.counts;
  t.deepEqual({ counted, messages, faulty }, { counted: 4, messages: 4, faulty: 2 });
  const starts = lines.map((_, index) => lines.slice(0, index).join('').length + index);
  t.deepEqual(
    faults.map(({ from, to, unsent }) => [from, to, unsent]),
    [
      [starts[1], starts[2]! - 1, false],
      [starts[2], starts[3]! - 1, false],
    ],
  );
  t.regex(faults[0]?.fault ?? '', /^TypeError at line-writer\.test\.[jt]s:\d+:\d+$/);
});

test('a line that cannot go out at all is told as a gap of its bytes; so is one whose comments are to be left out', async (t) => {
  for (const [message, word] of [
    ['comments: encoded', 'doom'],
    ['comments: omit', 'boom'],
  ] as const) {
    const { encoder, faults } = encoderOf(await configOf('openemr', message));
    const { frames } = encoder.encode(chunkOf(`{"event":"login"}\n{"event":"${word}"}\n{"event":"logout"}\n`, 100));

    const read = messagesOf(frames);
    const gap = new Map(read[1]?.elements.get('agent@32473'));
    t.deepEqual(
      ['kind', 'reason', 'file', 'tail', 'from', 'to', 'seq'].map((name) => gap.get(name)),
      ['gap', 'fault', '/var/log/audit.log', TAIL, '118', '134', '2'],
    );
    t.is(read[1]?.msg, undefined);
    t.deepEqual(
      faults.map(({ unsent }) => unsent),
      [true],
    );
    t.is(read.length, 3);
    t.deepEqual([encoder.counts.lines, encoder.counts.faulty], [3, 1]);
  }
});

test('a piece of a long line that throws goes out as it is, or is told, and the line goes on', async (t) => {
  const { encoder, faults } = encoderOf(await configOf('text'));
  const pieces = ['begun ', 'boom ', 'doom ', 'done'];
  let at = 0;
  const read = pieces.flatMap((piece, index) => {
    const last = index === pieces.length - 1;
    const chunk = chunkOf(last ? `${piece}\n` : piece, at, last ? 'newline' : 'part');
    at += piece.length;
    return messagesOf(encoder.encode(chunk).frames);
  });
  t.deepEqual(
    read.map(({ elements, msg }) => [new Map(elements.get('audit@32473')).get('part'), msg?.toString()]),
    [
      ['1/*', 'begun '],
      ['2/*', 'boom '],
      [undefined, undefined],
      ['3/3', 'done'],
    ],
  );
  t.deepEqual(
    faults.map(({ unsent }) => unsent),
    [false, true],
  );
});

const word = fc.constantFrom(
  IN_LINE,
  IN_FORMAT,
  AS_IT_IS,
  '',
  '',
  '{"event":"login","user":"é"}',
  '"]\\',
  '\0\x1b',
  'é'.repeat(900),
);
const line = fc
  .array(
    fc.oneof(
      word.map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 40 }).map((octets) => Buffer.from(octets)),
    ),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((words) =>
    Buffer.from(Buffer.concat(words).filter((octet) => octet !== 0x0a && octet !== 0x0d && octet !== 0xef)),
  )
  .filter((bytes) => bytes.length > 0);

for (const [format, message] of [
  ['text', 'maxBytes: 2KiB'],
  ['openemr', 'maxBytes: 2KiB'],
  ['openemr', 'profile: atna'],
  ['openemr-tsv', 'comments: omit'],
] as const) {
  test(`whatever lines throw, ${format} ${message} numbers without a hole and says of each line what became of it`, async (t) => {
    const config = await configOf(format, message);
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 8 }), (lines) => {
        const { encoder, faults } = encoderOf(config);
        const { frames, count, first } = encoder.encode(chunkOf(Buffer.concat(lines.flatMap((each) => [each, LF]))));

        const read = messagesOf(frames);
        t.deepEqual([read.length, first.seq, encoder.nextSeq], [count, 1, 1 + count]);
        const has = (each: Buffer, ...words: string[]) => words.some((found) => each.includes(found));
        const bad = lines.filter((each) => has(each, IN_LINE, IN_FORMAT, AS_IT_IS));
        t.is(encoder.counts.faulty, faults.length);
        t.true(faults.length <= bad.length);
        if (format !== 'text') return;
        t.is(faults.length, bad.length);
        t.is(faults.filter(({ unsent }) => unsent).length, lines.filter((each) => has(each, AS_IT_IS)).length);
        const sent = read.map(({ msg }) => msg ?? Buffer.alloc(0));
        t.deepEqual(Buffer.concat(sent), Buffer.concat(lines.filter((each) => !has(each, AS_IT_IS))));
      }),
      { numRuns: 150 },
    );
  });
}

const LF = Buffer.from('\n');
