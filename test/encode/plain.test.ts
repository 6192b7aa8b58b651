import test from 'ava';
import { Encoder } from '../../src/encode/encoder.js';
import type { NewEntry } from '../../src/model/entry.js';
import type { Chunk } from '../../src/model/line.js';
import type { Position } from '../../src/model/position.js';
import { type Message, parseMessage } from '../../src/syslog/rfc5424.js';
import { Unframer } from '../../src/syslog/rfc5425.js';
import { LEAST, load } from '../support/config.js';
import { auditRow, rowFile } from '../support/openemr-rows.js';

const RUN = '00112233445566ff';
/** No row's checksum. */
const WRONG = 'ab'.repeat(64);

test('a row that was altered is a warning, and counted', async (t) => {
  const encoder = await encoderOf('');
  const altered = auditRow({ checksum: WRONG });
  const old = auditRow({ checksum: '' });
  const messages = messagesIn(encoder.encode(chunkOf(rowFile([auditRow(), altered, old]))));
  t.deepEqual(
    messages.slice(0, 3).map((message) => [message.severity, param(message, 'checksum')]),
    [
      [5, 'ok'],
      [4, 'altered'],
      [5, 'none'],
    ],
  );
  t.is(encoder.counts.altered, 1);
});

test('rows that were tampered with raise an alarm in the entry that holds them, and name the first ten', async (t) => {
  const encoder = await encoderOf('');
  const altered = Array.from({ length: 12 }, (_, index) => auditRow({ id: index + 1, checksum: WRONG, site: 'west' }));
  const found = [
    '{"event":"audit-trail-row-deleted","row_id":70,"site":"west","generation":"2","success":0}',
    '{"event":"audit-trail-row-edited","row_id":71,"site":"west","success":0,"row":{}}',
    '{"event":"audit-trail-row-restored","row_id":70,"site":"west","success":1}',
    '{"event":"audit-trail-row-deleted","row_id":70,"id":9,"date":"2026-11-20 08:00:00"}',
  ].map((line) => `${line}\n`);
  const bytes = Buffer.concat([Buffer.from(found.join('')), rowFile(altered)]);
  const entry = encoder.encode(chunkOf(bytes));

  const messages = messagesIn(entry);
  t.is(entry.count, 17);
  t.is(encoder.nextSeq, 18);
  const alarm = messages.at(-1)!;
  t.like(alarm, { severity: 4, appName: 'openemr-audit-forwarder', msgId: 'OAF', msg: undefined });
  t.deepEqual(alarm.structuredData[1]?.params, [
    ['kind', 'tamper'],
    ['run', RUN],
    ['seq', '17'],
    ['source', 'main'],
    ['file', '/var/log/audit.log'],
    ['altered', '12'],
    ['deleted', '1'],
    ['edited', '1'],
    ['row', 'west:2:70'],
    ['row', 'west::71'],
    ...Array.from({ length: 8 }, (_, index) => ['row', `west::${index + 1}`] as const),
  ]);
  t.deepEqual(
    messages.slice(0, 4).map(({ severity }) => severity),
    [4, 4, 5, 5],
  );
  t.like(encoder.counts, { altered: 12, changed: 2 });
  t.is(encoder.encode(chunkOf(rowFile([auditRow()]), bytes.length)).count, 1);
});

test('a row that was made one that is left out is told as tampering all the same', async (t) => {
  const encoder = await encoderOf('exclude: ["event=http-*"]');
  const rows = [auditRow({ event: 'http-request-select', checksum: WRONG }), auditRow({ event: 'http-x' })];
  const messages = messagesIn(encoder.encode(chunkOf(rowFile(rows))));
  t.deepEqual(
    messages.map((message) => agentParam(message, 'kind')),
    ['tamper'],
  );
  t.like(encoder.counts, { lines: 2, filtered: 2, altered: 1, messages: 1 });
});

test('rows that are left out still tell the passes of the doubled hour apart', async (t) => {
  const encoder = await encoderOf('exclude: ["event=http-*"]');
  const rows = [
    auditRow({ date: '2026-10-25 02:59:00' }),
    auditRow({ date: '2026-10-25 02:01:00', event: 'http-request-select' }),
    auditRow({ date: '2026-10-25 02:59:00' }),
  ];
  const messages = messagesIn(encoder.encode(chunkOf(rowFile(rows))));
  t.deepEqual(
    messages.map(({ timestamp }) => timestamp),
    ['2026-10-25T02:59:00+02:00', '2026-10-25T02:59:00+01:00'],
  );
});

test('an emergency account that comes or goes is told of once more, by a message that says only that', async (t) => {
  const encoder = await encoderOf('');
  const rows = [
    auditRow({ id: 4, event: 'login', user: 'er1', breakglass: true }, 'success: 10.20.4.8'),
    auditRow({ event: 'view', user: 'er1', breakglass: true }),
    auditRow({ event: 'login', user: 'er1', success: 0, breakglass: true }, 'failure: 10.20.4.8. user not found'),
    auditRow({ id: 7, event: 'logout', user: 'er1', success: 0, breakglass: 1 }, 'timeout, so force logout'),
  ];
  const messages = messagesIn(encoder.encode(chunkOf(rowFile(rows))));
  t.deepEqual(
    messages.map(({ msgId, severity }) => [msgId, severity]),
    [
      ['login', 5],
      ['breakglass-start', 4],
      ['view', 5],
      ['login', 4],
      ['logout', 5],
      ['breakglass-stop', 5],
    ],
  );
  const [row, start] = messages as [Message, Message];
  t.is(start.timestamp, row.timestamp);
  t.is(start.msg!.length, 0);
  t.deepEqual(start.structuredData.at(-1)!.params, [
    ['run', RUN],
    ['seq', '2'],
    ['id', param(row, 'id')!],
    ['source', 'main'],
    ['event', 'breakglass-start'],
    ['derived', '1'],
    ['user', 'er1'],
    ['row', '::4'],
    ['ip', '10.20.4.8'],
  ]);
  t.like(encoder.counts, { lines: 4, messages: 6 });
});

test('what OpenEMR calls failed and was not is no warning, but says what the row says', async (t) => {
  const rows = [
    auditRow({ event: 'backup', success: 0 }, 'Backup is completed'),
    auditRow({ event: 'logout', success: 0 }, 'timeout, so force logout'),
    auditRow({ event: 'login', success: 0 }, 'failure: 10.1.1.1. user not found'),
  ];
  const messages = messagesIn((await encoderOf('')).encode(chunkOf(rowFile(rows))));
  t.deepEqual(
    messages.map((message) => [message.severity, param(message, 'success')]),
    [
      [5, '0'],
      [5, '0'],
      [4, '0'],
    ],
  );
});

test('rows that are left out move the position and take no number', async (t) => {
  const encoder = await encoderOf('exclude: ["event=http-*", user=phimail-service]');
  const rows = [
    auditRow({ event: 'http-request-select' }),
    auditRow({ event: 'view' }),
    auditRow({ user: 'phimail-service' }),
  ];
  const file = Buffer.concat([rowFile(rows), Buffer.from('http-request: not a row\n')]);
  const entry = encoder.encode(chunkOf(file));
  t.is(entry.to?.offset, file.length);
  t.deepEqual(
    messagesIn(entry).map(({ msgId }) => msgId),
    ['view', undefined],
  );
  t.like(encoder.counts, { lines: 4, filtered: 2, messages: 2, unparsed: 1 });

  const nothing = encoder.encode(chunkOf(rowFile([auditRow({ event: 'http-x' })]), file.length));
  t.like(nothing, { count: 0, first: { run: RUN, seq: 3 } });
});

test('comments go out as text or not at all, if so configured; the checksum is still that of the row', async (t) => {
  const file = rowFile([auditRow({ user: 'jörg' }, "SELECT 'Zoë'")]);
  const decoded = messagesIn((await encoderOf('comments: decoded')).encode(chunkOf(file)))[0]!;
  t.like(JSON.parse(decoded.msg!.toString()), { comments: "SELECT 'Zoë'", user: 'jörg' });
  t.true(decoded.bom);
  const omitted = messagesIn((await encoderOf('comments: omit')).encode(chunkOf(file)))[0]!;
  t.like(JSON.parse(omitted.msg!.toString()), { comments: null, user: 'jörg' });
  for (const message of [decoded, omitted]) t.is(param(message, 'checksum'), 'ok');
});

test('what a pattern matches is unreadable in rows, in lines of text and in what is not understood', async (t) => {
  const redact = "redact: ['\\d{3}-\\d{2}-\\d{4}']";
  const file = Buffer.concat([
    rowFile([auditRow({}, 'ssn 123-45-6789')]),
    Buffer.from('{"torn 123-45-6789\nno number\n'),
  ]);
  const rows = messagesIn((await encoderOf(redact)).encode(chunkOf(file)));
  t.is(Buffer.from(JSON.parse(rows[0]!.msg!.toString()).comments, 'base64').toString(), 'ssn [redacted]');
  const lines = messagesIn((await encoderOf(redact, 'text')).encode(chunkOf(file)));
  for (const messages of [rows, lines]) {
    t.is(messages[1]!.msg!.toString(), '{"torn [redacted]');
    t.is(param(messages[1]!, 'redacted'), '1');
    t.is(messages[2]!.msg!.toString(), 'no number');
    t.is(param(messages[2]!, 'redacted'), undefined);
  }
});

const HEADING = 'id\tdate\tevent\tuser\tcomments\tversion\n';
const ROW = '7\t2026-11-20 08:01:44\tlogin\trsato\tc3VjY2Vzcw==\t4\n';

test('a table’s heading holds for the rows under it, in later reads and after a restart', async (t) => {
  const first = await encoderOf('', 'openemr-tsv');
  const heading = first.encode(chunkOf(Buffer.from(HEADING)));
  t.is(heading.count, 0);
  t.like(first.counts, { lines: 0, headings: 1 });
  t.deepEqual(heading.to?.columns, ['id', 'date', 'event', 'user', 'comments', 'version']);

  const again = await encoderOf('', 'openemr-tsv', [heading.to!]);
  for (const encoder of [first, again]) {
    const [message] = messagesIn(encoder.encode(chunkOf(Buffer.from(ROW), HEADING.length)));
    t.like(message, { msgId: 'login', timestamp: '2026-11-20T08:01:44+01:00' });
    t.is(param(message!, 'user'), 'rsato');
    t.is(param(message!, 'row'), '::7');
    t.is(message!.msg!.toString(), ROW.trimEnd());
  }
});

test('another heading in the middle of a file holds from there on, whatever columns it leaves out', async (t) => {
  const encoder = await encoderOf('', 'openemr-tsv');
  const file = `${HEADING}${ROW}date\tuser\tevent\n2026-11-21 09:00:00\tmpatel\tview\n${ROW}`;
  const messages = messagesIn(encoder.encode(chunkOf(Buffer.from(file))));
  t.deepEqual(
    messages.map((message) => ['user', 'row', 'success', 'unparsed'].map((name) => param(message, name))),
    [
      ['rsato', '::7', undefined, undefined],
      ['mpatel', undefined, undefined, undefined],
      [undefined, undefined, undefined, 'wrong-cells'],
    ],
  );
  t.is(messages[1]!.timestamp, '2026-11-21T09:00:00+01:00');
  t.like(encoder.counts, { headings: 2, lines: 3, unparsed: 1 });
});

test('what surprises in a row surprises in a table, too', async (t) => {
  const encoder = await encoderOf('', 'openemr-tsv');
  const heading = 'id\tdate\tevent\tcategory\tuser\tcomments\tpatient_id\tsuccess\tversion\n';
  const comments = (text: string) => Buffer.from(text).toString('base64');
  const rows = [
    `1\t2026-11-20 08:00:00\tbackup\tbackup\tadmin\t${comments('Backup is completed')}\tNULL\t0\t4`,
    `2\t2026-11-20 08:00:00\tlogout\tlogout\tadmin\t${comments('timeout, so force logout')}\tNULL\t0\t4`,
    '3\t2026-11-20 08:00:00\tview\tNULL\to\\\\a\\tb\tplain\\nof 5.0\t0\t0\t3',
  ];
  const messages = messagesIn(encoder.encode(chunkOf(Buffer.from(`${heading}${rows.join('\n')}\n`))));
  t.deepEqual(
    messages.map((message) => [
      message.severity,
      ...['user', 'patient', 'category', 'success'].map((name) => param(message, name)),
    ]),
    [
      [5, 'admin', undefined, 'backup', '0'],
      [5, 'admin', undefined, 'logout', '0'],
      [4, 'o\\a\ufffdb', undefined, undefined, '0'],
    ],
  );
});

test('a row without heading is sent as it is', async (t) => {
  const encoder = await encoderOf('', 'openemr-tsv');
  const [message] = messagesIn(encoder.encode(chunkOf(Buffer.from(ROW), 500)));
  t.is(param(message!, 'unparsed'), 'no-heading');
  t.is(message!.msg!.toString(), ROW.trimEnd());
});

test('rows that are read again keep their heading, and leave the tail where it is', async (t) => {
  const encoder = await encoderOf('', 'openemr-tsv');
  encoder.encode(chunkOf(Buffer.from(HEADING + ROW)));
  const again = encoder.encodeAgain(chunkOf(Buffer.from(ROW), HEADING.length));
  t.is(param(messagesIn(again)[0]!, 'user'), 'rsato');
  t.is(again.to, undefined);
});

test('a table’s comments can be left out, too', async (t) => {
  const encoder = await encoderOf('comments: omit', 'openemr-tsv');
  const [message] = messagesIn(encoder.encode(chunkOf(Buffer.from(HEADING + ROW))));
  t.is(message!.msg!.toString(), '7\t2026-11-20 08:01:44\tlogin\trsato\tNULL\t4');
});

async function encoderOf(message: string, format = 'openemr', positions: Position[] = []): Promise<Encoder> {
  const yaml = LEAST.replace('name: main,', `name: main, format: ${format},`);
  const config = await load(`${yaml}\nmessage: { ${message} }`);
  return new Encoder({ sources: config.sources, message: config.message, run: RUN, nextSeq: 1, positions });
}

function chunkOf(bytes: Buffer, offset = 0): Chunk {
  const identity = { inode: 1, device: 1, birthtimeMs: 1, head: '', last: '' };
  const position = { tailId: '0123456789abcdef', source: 'main', path: '/var/log/audit.log', identity };
  const to = { ...position, offset: offset + bytes.length };
  return { from: { ...position, offset }, to, bytes, ending: 'newline', readAtMs: Date.UTC(2026, 10, 23) };
}

function messagesIn({ frames }: NewEntry): Message[] {
  return new Unframer({ maxMessageBytes: 40_000 }).feed(frames).map((bytes) => {
    const parsed = parseMessage(Buffer.from(bytes));
    if (!parsed.ok) throw parsed.fault;
    return parsed.message;
  });
}

function param({ structuredData }: Message, name: string): string | undefined {
  return structuredData.find(({ id }) => id.startsWith('audit@'))?.params.find(([each]) => each === name)?.[1];
}

function agentParam({ structuredData }: Message, name: string): string | undefined {
  return structuredData.find(({ id }) => id.startsWith('agent@'))?.params.find(([each]) => each === name)?.[1];
}
