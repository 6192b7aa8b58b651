import test from 'ava';
import { identify } from '../../src/cli/verify/identify.js';
import type { Config } from '../../src/config/config.js';
import { Encoder, type EncoderOptions } from '../../src/encode/encoder.js';
import type { NewEntry } from '../../src/model/entry.js';
import type { Chunk } from '../../src/model/line.js';
import { type Message, parseMessage } from '../../src/syslog/rfc5424.js';
import { Unframer } from '../../src/syslog/rfc5425.js';
import { detailsIn, type Element, faultsOf, find, readXml } from '../support/audit-message.js';
import { LEAST, load } from '../support/config.js';
import { auditRow, longRow, oddRows, rowFile, rowLine } from '../support/openemr-rows.js';

const RUN = '00112233445566ff';
const TAIL = '0123456789abcdef';

test('each odd row becomes an audit message as ITI-20 wants it, known to verify by run and seq', async (t) => {
  const config = await atna();
  const frames = encoderOf(config).encode(chunkOf(rowFile(oddRows())));

  const messages = messagesIn(frames);
  // The night's login and logout at the emergency account are none: one message a row.
  t.is(messages.length, oddRows().length);
  for (const [index, { bytes, message }] of messages.entries()) {
    t.like(message, { facility: 10, msgId: 'IHE+RFC-3881', structuredData: [], bom: false, procId: undefined });
    t.true(message.severity === 4 || message.severity === 5);
    t.deepEqual(faultsOf(auditMessage(message)), []);
    t.deepEqual(identify(bytes), {
      name: 'ours',
      message: { run: RUN, seq: index + 1 },
      follows: undefined,
      own: undefined,
    });
  }
});

test('a message carries the name of its line, its source and its site', async (t) => {
  const config = await atna();
  const entry = encoderOf(config, { follows: { run: RUN, seq: 4 } }).encode(
    chunkOf(Buffer.concat([rowLine(auditRow()), Buffer.from('\n')]), 1000),
  );
  const message = auditMessage(messagesIn(entry)[0]!.message);
  t.deepEqual(detailsIn(message).slice(0, 6), [
    ['run', RUN],
    ['seq', '1'],
    ['id', `${TAIL}:1000`],
    ['source', 'main'],
    ['follows', `${RUN}:4`],
    ['tzKnown', '0'],
  ]);
  t.like(find(message, 'ParticipantObjectIdentification')[0]!.attributes, { ParticipantObjectID: `${RUN}:1` });
  t.like(find(message, 'AuditSourceIdentification')[0]!.attributes, { AuditEnterpriseSiteID: 'default' });
  t.is(find(message, 'EventIdentification')[0]!.attributes.EventDateTime, '2026-11-20T08:01:44+01:00');
});

test('the sites of one export are told apart: AuditEnterpriseSiteID is OpenEMR’s site where it is known', async (t) => {
  const config = await atna();
  const unnamed = { ...config, sources: config.sources.map((source) => ({ ...source, site: '' })) };
  const entry = encoderOf(unnamed).encode(
    chunkOf(rowFile([auditRow(), auditRow({ site: 'northside' }), auditRow({ site: 'a & b' })])),
  );

  const sites = messagesIn(entry).map(
    ({ message }) => find(auditMessage(message), 'AuditSourceIdentification')[0]!.attributes.AuditEnterpriseSiteID,
  );

  t.deepEqual(sites, ['main', 'northside', 'a & b']);
});

test('an emergency account that logs in takes two numbers for one line', async (t) => {
  const config = await atna();
  const encoder = encoderOf(config);
  const line = rowLine(auditRow({ event: 'login', breakglass: 1 }, 'success: 10.20.4.8'));
  const entry = encoder.encode(chunkOf(Buffer.concat([line, Buffer.from('\n')])));
  t.is(entry.count, 2);
  t.is(encoder.nextSeq, 3);
  t.like(encoder.counts, { lines: 1, messages: 2 });
  const ids = messagesIn(entry).map(({ message }) => Object.fromEntries(detailsIn(auditMessage(message))).id);
  t.deepEqual(ids, [`${TAIL}:0`, `${TAIL}:0`]);
});

test('a row that was tampered with is a security alert of its own, for base64 hides what the row’s message says', async (t) => {
  const encoder = encoderOf(await atna());
  const entry = encoder.encode(chunkOf(rowFile([auditRow({ id: 8, checksum: 'ab'.repeat(64) })])));
  const [row, alarm] = messagesIn(entry).map(({ message }) => message) as [Message, Message];
  t.is(entry.count, 2);
  t.is(row.severity, 4);
  t.is(alarm.severity, 4);
  const xml = auditMessage(alarm);
  t.deepEqual(faultsOf(xml), []);
  t.like(find(xml, 'EventID')[0]!.attributes, { 'csd-code': '110113' });
  t.like(find(xml, 'EventTypeCode')[0]!.attributes, { 'csd-code': '110135' });
  t.is(find(xml, 'EventIdentification')[0]!.attributes.EventOutcomeIndicator, '12');
  t.like(Object.fromEntries(detailsIn(xml)), { kind: 'tamper', altered: '1', row: 'default::8' });
});

test('a long row is one message, however short messages have to be', async (t) => {
  for (const maxBytes of [8192, 32_768]) {
    const config = await atna(`maxBytes: ${maxBytes / 1024}KiB, comments: encoded`);
    const entry = encoderOf(config).encode(chunkOf(rowFile([longRow()])));
    t.is(entry.count, 1);
    const [{ bytes, message }] = messagesIn(entry) as [{ bytes: Buffer; message: Message }];
    t.true(bytes.length <= maxBytes && bytes.length > maxBytes - 1000, `${bytes.length}`);
    t.deepEqual(faultsOf(auditMessage(message)), []);
    t.regex(Object.fromEntries(detailsIn(auditMessage(message))).comments!, /\[cut: 4\d{4} octets in all\]$/);
  }
});

test('a line that is no row, and a line of text, arrive byte for byte', async (t) => {
  const stump = Buffer.from('{"id":17,"user":"\xff');
  for (const [format, expected] of [
    ['openemr', 'not-json'],
    ['text', undefined],
  ] as const) {
    const encoder = encoderOf(await atna('', format));
    const entry = encoder.encode(chunkOf(Buffer.concat([stump, Buffer.from('\n')])));
    const message = auditMessage(messagesIn(entry)[0]!.message);
    t.deepEqual(faultsOf(message), []);
    const details = Object.fromEntries(detailsIn(message));
    t.is(details.line, stump.toString());
    t.is(details.unparsed, expected);
    t.is(encoder.counts.unparsed, expected === undefined ? 0 : 1);
  }
});

test('a line that comes in pieces is a message a piece, numbered', async (t) => {
  const encoder = encoderOf(await atna());
  const first = encoder.encode({ ...chunkOf(Buffer.from('{"id":1,"comments":"')), ending: 'part' });
  const second = encoder.encode(chunkOf(Buffer.from('x"}\n'), 20));
  const parts = [first, second]
    .flatMap(messagesIn)
    .map(({ message }) => Object.fromEntries(detailsIn(auditMessage(message))));
  t.deepEqual(
    parts.map(({ part, id, line }) => [part, id, line]),
    [
      ['1/*', `${TAIL}:0`, '{"id":1,"comments":"'],
      ['2/2', `${TAIL}:0`, 'x"}'],
    ],
  );
});

test('what the agent says of itself is an audit message that verify reads', async (t) => {
  const encoder = encoderOf(await atna(), { follows: { run: '00000000000000aa', seq: 9 } });
  const atMs = Date.UTC(2026, 10, 23, 8);
  const fields = [
    ['reason', 'journal-damaged'],
    ['missing', '00000000000000aa:3-5'],
  ] as const;
  const [{ bytes, message }] = messagesIn(encoder.own('gap', fields, atMs, 4)) as [{ bytes: Buffer; message: Message }];
  t.like(message, { severity: 4, facility: 10, appName: 'openemr-audit-forwarder', msgId: 'IHE+RFC-3881' });
  t.deepEqual(faultsOf(auditMessage(message)), []);
  t.deepEqual(identify(bytes), {
    name: 'ours',
    message: { run: RUN, seq: 1 },
    follows: { run: '00000000000000aa', seq: 9 },
    own: {
      kind: 'gap',
      timeMs: atMs,
      lost: [{ run: '00000000000000aa', first: 3, last: 5 }],
      facts: { reason: 'journal-damaged' },
    },
  });
});

test('an audit message that was cut or damaged on its way still says whose it was', async (t) => {
  const entry = encoderOf(await atna()).encode(chunkOf(rowFile([auditRow()])));
  const { bytes } = messagesIn(entry)[0]!;
  const cut = bytes.subarray(0, bytes.indexOf('type="source"'));
  t.like(identify(cut), { name: 'ours', message: { run: RUN, seq: 1 } });
  t.like(identify(bytes.subarray(1)), { name: 'unreadable', claims: { run: RUN, seq: 1 } });
  t.is(identify(Buffer.from('<85>1 - - - - - - <AuditMessage></AuditMessage>')).name, 'foreign');
});

function atna(more = '', format = 'openemr'): Promise<Config> {
  const yaml = LEAST.replace('name: main,', `name: main, site: default, format: ${format},`);
  return load(`${yaml}\nmessage: { profile: atna, hostname: emr.clinic.example, ${more} }`);
}

function encoderOf({ sources, message }: Config, options: Partial<EncoderOptions> = {}): Encoder {
  return new Encoder({ sources, message, run: RUN, nextSeq: 1, positions: [], ...options });
}

function chunkOf(bytes: Buffer, offset = 0): Chunk {
  const identity = { inode: 1, device: 1, birthtimeMs: 1, head: '', last: '' };
  const position = { tailId: TAIL, source: 'main', path: '/var/log/audit.log', identity };
  const to = { ...position, offset: offset + bytes.length };
  return { from: { ...position, offset }, to, bytes, ending: 'newline', readAtMs: Date.UTC(2026, 10, 23) };
}

function messagesIn({ frames, count }: NewEntry): { bytes: Buffer; message: Message }[] {
  const all = new Unframer({ maxMessageBytes: 40_000 }).feed(frames).map((bytes) => {
    const parsed = parseMessage(bytes);
    if (!parsed.ok) throw parsed.fault;
    return { bytes: Buffer.from(bytes), message: parsed.message };
  });
  if (all.length !== count) throw new Error(`${all.length} messages, not ${count}`);
  return all;
}

function auditMessage({ msg }: Message): Element {
  return readXml(msg!.toString('utf8'));
}
