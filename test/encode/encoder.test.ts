import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import type { SourceConfig } from '../../src/config/config.js';
import { Encoder, type EncoderOptions } from '../../src/encode/encoder.js';
import type { ClockSync } from '../../src/lib/clock.js';
import type { NewEntry } from '../../src/model/entry.js';
import type { Chunk, ChunkEnding } from '../../src/model/line.js';
import type { Position } from '../../src/model/position.js';
import { NOTICE } from '../../src/syslog/priority.js';
import { type Message, parseMessage } from '../../src/syslog/rfc5424.js';
import { Unframer } from '../../src/syslog/rfc5425.js';
import { PLAIN_MESSAGE, TEXT_SOURCE } from '../support/config.js';
import { auditRow, longRow, oddRows, rowFile, rowLine } from '../support/openemr-rows.js';

const RUN = '00112233445566ff';
const TAIL = '0123456789abcdef';
const READ_AT = Date.parse('2026-11-23T10:00:00.123Z');
const BOM = Buffer.from('\ufeff');

const TEXT: SourceConfig = { ...TEXT_SOURCE, paths: ['/var/log/app/*.log'] };
const OPENEMR: SourceConfig = { ...TEXT, format: 'openemr', site: 'default' };

test('a line of text is framed with its name, and MSG is the line', (t) => {
  const entry = encoderOf(TEXT).encode(chunkOf(Buffer.from('hello\n'), { offset: 1234 }));

  const message =
    '<85>1 2026-11-23T10:00:00.123Z emr.clinic.example openemr - - [meta sequenceId="1"]' +
    `[audit@32473 run="${RUN}" seq="1" id="${TAIL}:1234" source="main"] hello`;
  t.is(entry.frames.toString(), `${message.length} ${message}`);
  t.deepEqual(entry, {
    from: 1234,
    to: positionAt(1240),
    first: { run: RUN, seq: 1 },
    count: 1,
    frames: entry.frames,
  });
});

test('a row of OpenEMR carries its own time, event and fields', (t) => {
  const line = rowLine(auditRow({ id: 7, event: 'login attempt', success: 0 }));
  const [message] = messagesIn(encoderOf(OPENEMR).encode(chunkOf(withLf(line))));

  t.like(message, {
    facility: 10,
    severity: 4,
    timestamp: '2026-11-20T08:01:44-05:00',
    msgId: 'login_attempt',
    msg: line,
  });
  t.deepEqual(message!.structuredData, [
    { id: 'meta', params: [['sequenceId', '1']] },
    {
      id: 'audit@32473',
      params: [
        ['run', RUN],
        ['seq', '1'],
        ['id', `${TAIL}:0`],
        ['source', 'main'],
        ['event', 'login attempt'],
        ['user', 'rsato'],
        ['patient', '17'],
        ['success', '0'],
        ['row', 'default::7'],
        ['checksum', 'ok'],
        ['category', 'Patient Demographics'],
        ['group', 'Default'],
        ['from', 'open-emr'],
      ],
    },
  ]);
});

test('the odd rows are encoded as they always were', (t) => {
  const entry = encoderOf(OPENEMR).encode(chunkOf(rowFile(oddRows())));
  const golden = readFileSync('test/fixtures/openemr/audit.frames');
  t.is(entry.frames.toString('latin1'), golden.toString('latin1'));
});

test('any line survives byte for byte, in messages that a strict parser takes and none longer than allowed', (t) => {
  const line = fc
    .oneof(
      fc.uint8Array({ minLength: 1, maxLength: 6000 }),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 3000 }).map((text) => Buffer.from(text)),
      fc
        .array(fc.constantFrom('\ufeff', '\xff', '\r', 'é', 'x'.repeat(700)), { minLength: 1, maxLength: 9 })
        .map((bits) => Buffer.concat(bits.map(octetsOf))),
    )
    .map((bytes) => Buffer.from(bytes.filter((octet) => octet !== 0x0a)));
  for (const source of [TEXT, OPENEMR]) {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
        const file = Buffer.concat([Buffer.from('\n'), ...lines.flatMap((each) => [each, Buffer.from('\r\n')])]);
        const encoder = encoderOf(source, { message: { ...PLAIN_MESSAGE, maxBytes: 2048 } });

        const messages = messagesIn(encoder.encode(chunkOf(file)), 2048);

        t.deepEqual(rejoined(messages), lines.filter(({ length }) => length > 0).map(withoutMark));
        t.deepEqual(
          messages.map(seqOf),
          messages.map((_, index) => String(index + 1)),
        );
      }),
    );
  }
});

test('any row survives byte for byte, however long its values are', (t) => {
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 3000 }),
    fc.constantFrom('"\\]'.repeat(500), 'é'.repeat(400)),
  );
  const columns = fc.record({ event: value, user: value, groupname: value, category: value, log_from: value });
  fc.assert(
    fc.property(columns, fc.boolean(), (row, timeZoneGuessed) => {
      const line = rowLine(auditRow(row));
      const options = {
        message: { ...PLAIN_MESSAGE, maxBytes: 2048, hostname: 'h'.repeat(300), appName: 'a'.repeat(60) },
      };
      const source = { ...OPENEMR, timeZoneGuessed, name: 's'.repeat(400) };

      const messages = messagesIn(
        encoderOf(source, options).encode(chunkOf(withLf(line), { source: source.name })),
        2048,
      );

      t.deepEqual(rejoined(messages), [line]);
      for (const { msg } of messages.slice(0, -1)) t.true(msg!.length > 2048 / 2 - 8);
    }),
  );
});

test('a long row goes in numbered parts with one id, each with all its fields', (t) => {
  const line = rowLine(longRow({ id: 51 }));
  const encoder = encoderOf(OPENEMR);
  const messages = messagesIn(encoder.encode(chunkOf(withLf(line))));

  t.is(messages.length, Math.ceil(line.length / 7800));
  t.deepEqual(
    messages.map((each) => param(each, 'part')),
    messages.map((_, index) => `${index + 1}/${messages.length}`),
  );
  for (const message of messages) {
    t.is(param(message, 'id'), `${TAIL}:0`);
    t.is(param(message, 'row'), 'default::51');
  }
  t.like(encoder.counts, { lines: 1, messages: messages.length, parts: messages.length, unparsed: 0 });
});

test('a message that is exactly as long as allowed is whole, one octet more makes two parts', (t) => {
  const fixed = encoderOf(TEXT).encode(chunkOf(Buffer.from('x\n')));
  const room = 2048 - (messageBytes(fixed) - 1);
  const options = { message: { ...PLAIN_MESSAGE, maxBytes: 2048 } };
  for (const [length, count] of [
    [room, 1],
    [room + 1, 2],
  ] as const) {
    t.is(encoderOf(TEXT, options).encode(chunkOf(withLf(Buffer.alloc(length, 'x')))).count, count);
  }
});

test('wherever the reads of a file end, the messages hold the same lines', (t) => {
  const lines = [
    Buffer.from('one'),
    Buffer.from('zwölf'),
    Buffer.from([0xff, 0x00]),
    Buffer.alloc(5000, 'y'),
    Buffer.from('{"a":1}'),
  ];
  const file = Buffer.concat([BOM, ...lines.flatMap((line) => [line, Buffer.from('\n\n')])]);
  fc.assert(
    fc.property(
      fc.array(fc.nat(file.length), { maxLength: 8 }),
      fc.constantFrom<ChunkEnding>('part', 'waiting'),
      (cuts, ending) => {
        const encoder = encoderOf(TEXT, { message: { ...PLAIN_MESSAGE, maxBytes: 2048 } });
        // A source never ends a read inside the file's byte order mark.
        const places = [...new Set([0, ...cuts.filter((cut) => cut >= 3), file.length])].sort((a, b) => a - b);
        const entries = places.slice(1).map((end, index) => {
          const start = places[index]!;
          const whole = end === file.length || file[end - 1] === 0x0a;
          return encoder.encode(
            chunkOf(file.subarray(start, end), { offset: start, ending: whole ? 'newline' : ending }),
          );
        });

        const messages = entries.flatMap((entry) => messagesIn(entry, 2048));
        t.deepEqual(rejoined(messages), lines);
        t.is(encoder.counts.lines, lines.length);
      },
    ),
  );
});

test('a line that waited for its end goes on as parts of one line, and the last names how many', (t) => {
  const encoder = encoderOf(TEXT);
  const first = encoder.encode(chunkOf(Buffer.from('a\nhalf'), { ending: 'waiting' }));
  const second = encoder.encode(chunkOf(Buffer.from(' more'), { offset: 6, ending: 'waiting' }));
  const third = encoder.encode(chunkOf(Buffer.from(' end\nb\n'), { offset: 11 }));

  const told = [first, second, third]
    .flatMap((entry) => messagesIn(entry))
    .map((each) => [String(each.msg), param(each, 'part'), param(each, 'id')]);
  t.deepEqual(told, [
    ['a', undefined, `${TAIL}:0`],
    ['half', '1/*', `${TAIL}:2`],
    [' more', '2/*', `${TAIL}:2`],
    [' end', '3/3', `${TAIL}:2`],
    ['b', undefined, `${TAIL}:16`],
  ]);
  t.deepEqual(
    [first, second, third].map((entry) => entry.to?.insideLine),
    [{ start: 2, parts: 1 }, { start: 2, parts: 2 }, undefined],
  );
  t.like(encoder.counts, { lines: 3, messages: 5, parts: 3 });
});

test('a line whose end comes alone is closed by a part without content', (t) => {
  const encoder = encoderOf(TEXT);
  encoder.encode(chunkOf(Buffer.from('whole'), { ending: 'waiting' }));
  const closing = messagesIn(encoder.encode(chunkOf(Buffer.from('\r\n'), { offset: 5 })));
  t.deepEqual(
    closing.map((each) => [String(each.msg), param(each, 'part')]),
    [['', '2/2']],
  );
});

test('a file that ends inside a line that waited closes it', (t) => {
  const encoder = encoderOf(TEXT);
  encoder.encode(chunkOf(Buffer.from('half'), { ending: 'waiting' }));
  const entry = encoder.encode(chunkOf(Buffer.alloc(0), { offset: 4, ending: 'final' }));
  t.deepEqual(
    messagesIn(entry).map((each) => param(each, 'part')),
    ['2/2'],
  );
  t.is(entry.to?.insideLine, undefined);
});

test('a last line without newline is whole when its file can grow no more', (t) => {
  const [message] = messagesIn(encoderOf(TEXT).encode(chunkOf(Buffer.from('last\r'), { ending: 'final' })));
  t.deepEqual([String(message!.msg), param(message!, 'part')], ['last\r', undefined]);
});

test('pieces of a row are sent unparsed, and counted as one line', (t) => {
  const encoder = encoderOf(OPENEMR);
  const line = rowLine(auditRow());
  const entries = [
    encoder.encode(chunkOf(line.subarray(0, 50), { ending: 'part' })),
    encoder.encode(chunkOf(withLf(line.subarray(50)), { offset: 50 })),
  ];
  const messages = entries.flatMap((entry) => messagesIn(entry));
  t.deepEqual(
    messages.map((each) => [param(each, 'part'), param(each, 'unparsed')]),
    [
      ['1/*', 'part'],
      ['2/2', 'part'],
    ],
  );
  t.deepEqual(rejoined(messages), [line]);
  t.like(encoder.counts, { lines: 1, unparsed: 1 });
});

test('a restart inside a line numbers its parts on', (t) => {
  const before = encoderOf(TEXT).encode(chunkOf(Buffer.from('half'), { ending: 'waiting' }));
  const after = encoderOf(TEXT, { positions: [before.to!] });
  const [message] = messagesIn(after.encode(chunkOf(Buffer.from(' line\n'), { offset: 4 })));
  t.deepEqual([param(message!, 'part'), param(message!, 'id')], ['2/2', `${TAIL}:0`]);
});

test('a tail that only its position knows is taken up inside its line', (t) => {
  const from = positionAt(40, { insideLine: { start: 10, parts: 3 } });
  const [message] = messagesIn(encoderOf(TEXT).encode({ ...chunkOf(Buffer.from('end\n'), { offset: 40 }), from }));
  t.deepEqual([param(message!, 'part'), param(message!, 'id')], ['4/4', `${TAIL}:10`]);
});

test('empty lines are counted and not sent, and an entry may hold no message', (t) => {
  const encoder = encoderOf(TEXT);
  const entry = encoder.encode(chunkOf(Buffer.from('\n\r\n\n')));
  t.is(entry.count, 0);
  t.is(entry.frames.length, 0);
  t.deepEqual(entry.first, { run: RUN, seq: 1 });
  t.like(encoder.counts, { lines: 0, messages: 0, empty: 3 });
  t.is(encoder.encode(chunkOf(Buffer.alloc(0), { offset: 4 })).count, 0);
});

test('only one CR before LF belongs to the end of a line', (t) => {
  const messages = messagesIn(encoderOf(TEXT).encode(chunkOf(Buffer.from('a\r\r\nb\rc\n\r\r\n'))));
  t.deepEqual(
    messages.map(({ msg }) => String(msg)),
    ['a\r', 'b\rc', '\r'],
  );
});

test('a byte order mark comes before UTF-8 beyond ASCII, once, and never when it is switched off', (t) => {
  const file = Buffer.concat([BOM, Buffer.from('ascii\nzwölf\n'), BOM, Buffer.from('own\n')]);
  const encode = (bom: boolean) => encoderOf(TEXT, { message: { ...PLAIN_MESSAGE, bom } }).encode(chunkOf(file));
  const told = (entry: NewEntry) => messagesIn(entry).map(({ msg, bom }) => [String(msg), bom]);
  t.deepEqual(told(encode(true)), [
    ['ascii', false],
    ['zwölf', true],
    ['own', true],
  ]);
  t.deepEqual(told(encode(false)), [
    ['ascii', false],
    ['zwölf', false],
    ['own', true],
  ]);
  t.is(param(messagesIn(encode(true))[0]!, 'id'), `${TAIL}:3`);
});

test('the first message of a run names the last one before it, also after the journal went back', (t) => {
  const encoder = encoderOf(TEXT, { follows: { run: 'ffeeddccbbaa9988', seq: 41 } });
  const told = (entry: NewEntry) => messagesIn(entry).map((each) => [seqOf(each), param(each, 'follows')]);
  const expected = [
    ['1', 'ffeeddccbbaa9988:41'],
    ['2', undefined],
  ];
  t.deepEqual(told(encoder.encode(chunkOf(Buffer.from('a\nb\n')))), expected);
  encoder.reset(1, []);
  t.deepEqual(told(encoder.encode(chunkOf(Buffer.from('a\nb\n')))), expected);
});

test('numbers and tails go back with the journal', (t) => {
  const encoder = encoderOf(TEXT);
  const kept = encoder.encode(chunkOf(Buffer.from('a\nhalf'), { ending: 'waiting' }));
  const lost = encoder.encode(chunkOf(Buffer.from(' line\nb\n'), { offset: 6 }));
  encoder.reset(3, [kept.to!]);
  const again = encoder.encode(chunkOf(Buffer.from(' line\nb\n'), { offset: 6 }));
  t.deepEqual(again, lost);
  t.is(encoder.nextSeq, 5);
});

test('sequenceId begins again at 1 after 2147483647, seq goes on', (t) => {
  const entry = encoderOf(TEXT, { nextSeq: 2_147_483_647 }).encode(chunkOf(Buffer.from('a\nb\n')));
  const told = messagesIn(entry).map((each) => [each.structuredData[0]?.params[0]?.[1], seqOf(each)]);
  t.deepEqual(told, [
    ['2147483647', '2147483647'],
    ['1', '2147483648'],
  ]);
});

test('a zone or an hour in doubt is told by timeQuality', (t) => {
  const doubt = (source: SourceConfig, date: string) => {
    const [message] = messagesIn(encoderOf(source).encode(chunkOf(withLf(rowLine(auditRow({ date }))))));
    return message!.structuredData.find(({ id }) => id === 'timeQuality')?.params;
  };
  t.is(doubt(OPENEMR, '2026-11-20 08:00:00'), undefined);
  t.deepEqual(doubt(OPENEMR, '2026-11-01 01:30:00'), [['tzKnown', '0']]);
  t.deepEqual(doubt(OPENEMR, '2026-03-08 02:30:00'), [['tzKnown', '0']]);
  t.deepEqual(doubt({ ...OPENEMR, timeZoneGuessed: true }, '2026-11-20 08:00:00'), [['tzKnown', '0']]);
  t.is(doubt({ ...OPENEMR, timeZoneGuessed: true }, 'no date'), undefined, 'the time of reading is never in doubt');
});

test('a restart between the passes of a doubled hour reads the second pass as the second', (t) => {
  const night = (date: string) => withLf(rowLine(auditRow({ date })));
  const before = encoderOf(OPENEMR).encode(chunkOf(night('2026-11-01 01:59:59')));
  const positions = [JSON.parse(JSON.stringify(before.to)) as Position];

  const after = encoderOf(OPENEMR, { positions }).encode(
    chunkOf(night('2026-11-01 01:00:01'), { offset: before.to!.offset }),
  );

  t.is(messagesIn(before)[0]?.timestamp, '2026-11-01T01:59:59-04:00');
  t.is(messagesIn(after)[0]?.timestamp, '2026-11-01T01:00:01-05:00');
  t.is(after.to?.doubledHour?.secondPass, true);
});

test('the doubled hour of one tail says nothing of another', (t) => {
  const night = (date: string) => withLf(rowLine(auditRow({ date })));
  const encoder = encoderOf(OPENEMR);
  encoder.encode(chunkOf(night('2026-11-01 01:59:59')));
  const other = encoder.encode(chunkOf(night('2026-11-01 01:00:01'), { tailId: 'fedcba9876543210' }));
  t.is(messagesIn(other)[0]?.timestamp, '2026-11-01T01:00:01-04:00');
});

test('a line that is not understood is sent at the time of reading with the reason, a row without date keeps its fields', (t) => {
  const encoder = encoderOf(OPENEMR);
  const file = Buffer.concat([Buffer.from('{"id":1,\n'), withLf(rowLine(auditRow({ date: '0000-00-00 00:00:00' })))]);
  const [broken, undated] = messagesIn(encoder.encode(chunkOf(file)));
  t.like(broken, { timestamp: '2026-11-23T10:00:00.123Z', msgId: undefined, severity: 5 });
  t.is(param(broken!, 'unparsed'), 'not-json');
  t.like(undated, { timestamp: '2026-11-23T10:00:00.123Z', msgId: 'patient-record-select' });
  t.deepEqual([param(undated!, 'unparsed'), param(undated!, 'user')], ['no-date', 'rsato']);
  t.like(encoder.counts, { lines: 2, unparsed: 2 });
});

test('what the exporter says between the rows is sent at the time of the export', (t) => {
  const encoder = encoderOf({ ...OPENEMR, timeZoneGuessed: true });
  const line = {
    event: 'audit-trail-table-replaced',
    success: 1,
    generation: '2',
    exported_at: '2026-11-20T13:00:00.5Z',
  };
  const [message] = messagesIn(encoder.encode(chunkOf(withLf(Buffer.from(JSON.stringify(line))))));
  t.like(message, { timestamp: '2026-11-20T13:00:00.500Z', msgId: 'audit-trail-table-replaced', severity: 5 });
  t.is(
    message!.structuredData.some(({ id }) => id === 'timeQuality'),
    false,
  );
  t.like(encoder.counts, { lines: 1, unparsed: 0 });
});

test('the site of a row comes from the configuration, else from the path', (t) => {
  const rowName = (site: string, path: string) => {
    const entry = encoderOf({ ...OPENEMR, site }).encode(
      chunkOf(withLf(rowLine(auditRow({ id: 9, generation: '2' }))), { path }),
    );
    return param(messagesIn(entry)[0]!, 'row');
  };
  t.is(rowName('north', '/srv/openemr/sites/default/documents/audit.log'), 'north:2:9');
  t.is(rowName('', '/srv/openemr/sites/default/documents/audit.log'), 'default:2:9');
  t.is(rowName('', '/var/log/audit.log'), ':2:9');
});

test('the agent’s own message takes a number, names its kind and belongs to no position', (t) => {
  const encoder = encoderOf(TEXT, { follows: { run: 'ffeeddccbbaa9988', seq: 41 } });
  const entry = encoder.own('gap', [['path', '/var/log/a "b".log']], READ_AT, 4);

  t.like(entry, { from: undefined, to: undefined, first: { run: RUN, seq: 1 }, count: 1 });
  t.deepEqual(messagesIn(entry), [
    {
      facility: 10,
      severity: 4,
      version: 1,
      timestamp: '2026-11-23T10:00:00.123Z',
      hostname: 'emr.clinic.example',
      appName: 'openemr-audit-forwarder',
      procId: undefined,
      msgId: 'OAF',
      structuredData: [
        { id: 'meta', params: [['sequenceId', '1']] },
        {
          id: 'agent@32473',
          params: [
            ['kind', 'gap'],
            ['run', RUN],
            ['seq', '1'],
            ['follows', 'ffeeddccbbaa9988:41'],
            ['path', '/var/log/a "b".log'],
          ],
        },
      ],
      msg: undefined,
      bom: false,
    },
  ]);
  t.is(encoder.nextSeq, 2);
});

test('the agent’s own message stays within the limit, too', (t) => {
  const encoder = encoderOf(TEXT, { message: { ...PLAIN_MESSAGE, maxBytes: 2048 } });
  const [message] = messagesIn(
    encoder.own(
      'gap',
      [
        ['path', 'é'.repeat(3000)],
        ['more', 'x'.repeat(3000)],
      ],
      READ_AT,
      4,
    ),
    2048,
  );
  t.truthy(param(message!, 'path', 'agent@32473'));
});

const clocks: [clock: ClockSync, line: string | undefined, inDoubt: string, own: string | undefined][] = [
  ['unknown', undefined, 'tzKnown 0', undefined],
  ['synchronised', undefined, 'tzKnown 0', 'tzKnown 1 isSynced 1'],
  ['unsynchronised', 'tzKnown 1 isSynced 0', 'tzKnown 0 isSynced 0', 'tzKnown 1 isSynced 0'],
];
for (const [clock, line, inDoubt, own] of clocks) {
  test(`what a time is worth while the clock is ${clock} is told by timeQuality`, (t) => {
    const encoder = encoderOf(OPENEMR, { clock: () => clock });
    const quality = (entry: NewEntry) => {
      const [message] = messagesIn(entry);
      return message?.structuredData
        .find(({ id }) => id === 'timeQuality')
        ?.params.flat()
        .join(' ');
    };
    const row = (date: string) => encoder.encode(chunkOf(withLf(rowLine(auditRow({ date })))));
    t.is(quality(row('2026-11-20 08:00:00')), line);
    t.is(quality(row('2026-11-01 01:30:00')), inDoubt);
    t.is(quality(encoder.own('heartbeat', [], 0, NOTICE)), own);
  });
}

test('a chunk of a source that is not configured is refused', (t) => {
  t.throws(() => encoderOf(TEXT).encode(chunkOf(Buffer.from('a\n'), { source: 'other' })), { code: 'unknown-source' });
});

function encoderOf(source: SourceConfig, options: Partial<EncoderOptions> = {}): Encoder {
  return new Encoder({ sources: [source], message: PLAIN_MESSAGE, run: RUN, nextSeq: 1, positions: [], ...options });
}

function positionAt(offset: number, more: Partial<Position> = {}): Position {
  const identity = { inode: 1, device: 1, birthtimeMs: 1, head: '', last: '' };
  return { tailId: TAIL, source: 'main', path: '/var/log/app/a.log', offset, identity, ...more };
}

function chunkOf(bytes: Buffer, more: Partial<Position> & { readonly ending?: ChunkEnding } = {}): Chunk {
  const { ending = 'newline', offset = 0, ...position } = more;
  return {
    from: positionAt(offset, position),
    to: positionAt(offset + bytes.length, position),
    bytes,
    ending,
    readAtMs: READ_AT,
  };
}

/** The messages of an entry, each taken by the strict parser, `count` of them, none longer than allowed. */
function messagesIn(entry: NewEntry, maxMessageBytes = PLAIN_MESSAGE.maxBytes): Message[] {
  const unframer = new Unframer({ maxMessageBytes });
  const messages = unframer.feed(entry.frames).map((bytes) => {
    const parsed = parseMessage(bytes);
    if (!parsed.ok) throw parsed.fault;
    return parsed.message;
  });
  if (unframer.fault !== undefined || unframer.pending !== 0) throw new Error(`bad frames: ${unframer.fault?.reason}`);
  if (messages.length !== entry.count) throw new Error(`${entry.count} messages promised, ${messages.length} there`);
  return messages;
}

/** What a receiver makes of messages: the lines, parts joined. */
function rejoined(messages: readonly Message[]): Buffer[] {
  const lines: Buffer[] = [];
  let parts: Buffer[] = [];
  for (const message of messages) {
    const [number, total] = (param(message, 'part') ?? '1/1').split('/');
    parts.push(message.msg!);
    if (Number(number) !== parts.length) throw new Error(`part ${number} came as number ${parts.length}`);
    if (number !== total) continue;
    lines.push(Buffer.concat(parts));
    parts = [];
  }
  if (parts.length > 0) throw new Error('a line has no last part');
  return lines;
}

/** A receiver takes the byte order mark that a line has of its own for the one that RFC 5424 asks for. */
function withoutMark(line: Buffer): Buffer {
  return isUtf8(line) && line.subarray(0, 3).equals(BOM) ? line.subarray(3) : line;
}

function param(message: Message, name: string, element = 'audit@32473'): string | undefined {
  const { params = [] } = message.structuredData.find(({ id }) => id === element) ?? {};
  return params.find(([each]) => each === name)?.[1];
}

function seqOf(message: Message): string | undefined {
  return param(message, 'seq');
}

function withLf(line: Buffer): Buffer {
  return Buffer.concat([line, Buffer.from('\n')]);
}

/** Octets for text in which U+00FF stands for the octet FF, which is never UTF-8. */
function octetsOf(text: string): Buffer {
  return text === '\xff' ? Buffer.from([0xff]) : Buffer.from(text);
}

/** Of the one message in an entry, without its frame. */
function messageBytes(entry: NewEntry): number {
  return new Unframer({ maxMessageBytes: 8192 }).feed(entry.frames)[0]!.length;
}
