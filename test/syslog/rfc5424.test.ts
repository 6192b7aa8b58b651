import test from 'ava';
import fc from 'fast-check';
import { BOM, formatHeader, headerField, type Message, parseMessage } from '../../src/syslog/rfc5424.js';

const NIL_HEADER = {
  version: 1,
  timestamp: undefined,
  hostname: undefined,
  appName: undefined,
  procId: undefined,
  msgId: undefined,
};

test('example 1 of section 6.5 is read: UTF-8 without structured data', (t) => {
  const text =
    "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed for lonvick on /dev/pts/8";
  t.deepEqual(messageIn(text), {
    facility: 4,
    severity: 2,
    version: 1,
    timestamp: '2003-10-11T22:14:15.003Z',
    hostname: 'mymachine.example.com',
    appName: 'su',
    procId: undefined,
    msgId: 'ID47',
    structuredData: [],
    msg: Buffer.from("'su root' failed for lonvick on /dev/pts/8"),
    bom: true,
  });
});

test('example 2 of section 6.5 is read: an address, a process, an offset, no byte order mark', (t) => {
  const text = "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.";
  t.deepEqual(messageIn(text), {
    facility: 20,
    severity: 5,
    version: 1,
    timestamp: '2003-08-24T05:14:15.000003-07:00',
    hostname: '192.0.2.1',
    appName: 'myproc',
    procId: '8710',
    msgId: undefined,
    structuredData: [],
    msg: Buffer.from("%% It's time to make the do-nuts."),
    bom: false,
  });
});

test('example 3 of section 6.5 is read: structured data and MSG', (t) => {
  const text =
    '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] \ufeffAn application event log entry...';
  const { structuredData, msg } = messageIn(text);
  t.deepEqual(structuredData, [
    {
      id: 'exampleSDID@32473',
      params: [
        ['iut', '3'],
        ['eventSource', 'Application'],
        ['eventID', '1011'],
      ],
    },
  ]);
  t.is(String(msg), 'An application event log entry...');
});

test('example 4 of section 6.5 is read: structured data only', (t) => {
  const text =
    '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]';
  const { structuredData, msg } = messageIn(text);
  t.deepEqual(
    structuredData.map(({ id }) => id),
    ['exampleSDID@32473', 'examplePriority@32473'],
  );
  t.is(msg, undefined);
});

const h = (n: number) => 'x'.repeat(n);
const accepted: Record<string, [text: string, part: Partial<Message>]> = {
  'NILVALUE everywhere': ['<10>1 - - - - - -', { ...NIL_HEADER, facility: 1, severity: 2, msg: undefined }],
  'priority 0': ['<0>1 - - - - - -', { facility: 0, severity: 0 }],
  'priority 191': ['<191>1 - - - - - -', { facility: 23, severity: 7 }],
  'version 999': ['<1>999 - - - - - -', { version: 999 }],
  'a host name of 255 octets': [`<1>1 - ${h(255)} - - - -`, { hostname: h(255) }],
  'an application name of 48 octets': [`<1>1 - - ${h(48)} - - -`, { appName: h(48) }],
  'a process id of 128 octets': [`<1>1 - - - ${h(128)} - -`, { procId: h(128) }],
  'a message id of 32 octets': [`<1>1 - - - - ${h(32)} -`, { msgId: h(32) }],
  'an IPv6 address': ['<1>1 - 2001:db8::1 - - - -', { hostname: '2001:db8::1' }],
  'an empty MSG': ['<1>1 - - - - - - ', { msg: Buffer.alloc(0), bom: false }],
  'a MSG that is only a byte order mark': ['<1>1 - - - - - - \ufeff', { msg: Buffer.alloc(0), bom: true }],
  'a MSG that begins with a space': ['<1>1 - - - - - -  x', { msg: Buffer.from(' x') }],
  'LF, CR and NUL in MSG': ['<1>1 - - - - - - a\n\r\0b', { msg: Buffer.from('a\n\r\0b') }],
  'UTF-8 without byte order mark': ['<1>1 - - - - - - κόσμε', { msg: Buffer.from('κόσμε'), bom: false }],
  'two byte order marks': ['<1>1 - - - - - - \ufeff\ufeffx', { msg: Buffer.from('\ufeffx'), bom: true }],
};
for (const [why, [text, part]] of Object.entries(accepted)) {
  test(`a message may have ${why}`, (t) => {
    t.like(messageIn(text), part);
  });
}

test('a MSG without byte order mark may hold any octets', (t) => {
  const parsed = parseMessage(Buffer.concat([Buffer.from('<1>1 - - - - - - '), Buffer.from([0xff, 0x00, 0xc0])]));
  t.true(parsed.ok && parsed.message.msg?.equals(Buffer.from([0xff, 0x00, 0xc0])));
});

const refused: Record<string, [text: string | Buffer, rule: string, offset: number]> = {
  nothing: ['', 'priority', 0],
  'no priority': ['1 - - - - - -', 'priority', 0],
  'an empty priority': ['<>1 - - - - - -', 'priority', 0],
  'priority 192': ['<192>1 - - - - - -', 'priority', 0],
  'a priority with a leading zero': ['<08>1 - - - - - -', 'priority', 0],
  'priority 00': ['<00>1 - - - - - -', 'priority', 0],
  'a priority of four digits': ['<1000>1 - - - - - -', 'priority', 0],
  'a space in the priority': ['< 34>1 - - - - - -', 'priority', 0],
  'a space before the priority': [' <34>1 - - - - - -', 'priority', 0],
  'no version': ['<34>- - - - - -', 'version', 4],
  'version 0': ['<34>0 - - - - - -', 'version', 4],
  'version 01': ['<34>01 - - - - - -', 'version', 4],
  'a version of four digits': ['<34>1000 - - - - - -', 'version', 4],
  'a version that goes on in letters': ['<34>1a - - - - - -', 'version', 4],
  "OpenEMR's own header, which has no version": ['<13>2026-04-22T10:00:00+00:00 emr.example.org\n<?xml', 'version', 4],
  'an end after the version': ['<34>1', 'version', 4],
  'an end in the header': ['<34>1 - host', 'hostname', 8],
  'a bad timestamp': ['<34>1 2003-09-31T22:14:15.003Z h a p m -', 'timestamp', 6],
  'a timestamp in the old form': ['<34>1 Oct 11 22:14:15 h a p m -', 'timestamp', 6],
  'an empty host name': ['<34>1 -  - - - -', 'hostname', 8],
  'a host name of 256 octets': [`<34>1 - ${h(256)} - - - -`, 'hostname', 8],
  'LF in the host name': ['<34>1 - host\nname - - - -', 'hostname', 8],
  'a host name beyond ASCII': ['<34>1 - höst - - - -', 'hostname', 8],
  'an application name of 49 octets': [`<34>1 - - ${h(49)} - - -`, 'app-name', 10],
  'DEL in the application name': ['<34>1 - - a\x7fb - - -', 'app-name', 10],
  'a process id of 129 octets': [`<34>1 - - - ${h(129)} - -`, 'proc-id', 12],
  'a message id of 33 octets': [`<34>1 - - - - ${h(33)} -`, 'msg-id', 14],
  'TAB in the message id': ['<34>1 - - - - a\tb -', 'msg-id', 14],
  'no structured data': ['<34>1 - - - - - ', 'structured-data', 16],
  'no space before the structured data': ['<34>1 - - - - -', 'msg-id', 14],
  'a double space before the structured data': ['<34>1 - - - - -  -', 'structured-data', 16],
  'MSG glued to NILVALUE': ['<34>1 - - - - - -x', 'msg', 17],
  'MSG glued to an element': ['<34>1 - - - - - [a]x', 'msg', 19],
  'LF for the space before MSG': ['<34>1 - - - - - -\nx', 'msg', 17],
  'a byte order mark before what is not UTF-8': [
    Buffer.concat([Buffer.from('<34>1 - - - - - - '), BOM, Buffer.from([0xff])]),
    'msg-not-utf8',
    18,
  ],
};
for (const [why, [text, rule, offset]] of Object.entries(refused)) {
  test(`a message may not have ${why}`, (t) => {
    const parsed = parseMessage(Buffer.from(text as string));
    t.deepEqual(parsed.ok ? 'accepted' : [parsed.fault.rule, parsed.fault.offset], [rule, offset]);
  });
}

test('no octets make the parser throw', (t) => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.uint8Array({ maxLength: 30 }).map((end) => Buffer.concat([Buffer.from('<34>1 - - - - - [a v="'), end])),
  );
  fc.assert(
    fc.property(bytes, (message) => {
      const parsed = parseMessage(Buffer.from(message));
      if (!parsed.ok) t.true(parsed.fault.offset <= message.length);
      t.pass();
    }),
  );
});

test('a header that is written is read again, whatever text its fields come from', (t) => {
  const text = fc.string({ unit: 'binary', maxLength: 60 });
  fc.assert(
    fc.property(fc.nat(191), text, text, text, text, (priority, host, app, proc, msg) => {
      const fields = {
        timestamp: '2026-11-20T07:58:01-05:00',
        hostname: headerField(host, 255),
        appName: headerField(app, 48),
        procId: headerField(proc, 128),
        msgId: headerField(msg, 32),
      };
      const read = messageIn(`${formatHeader({ priority, ...fields })}-`);

      t.is(read.facility * 8 + read.severity, priority);
      for (const [name, value] of Object.entries(fields)) {
        t.is(read[name as keyof typeof fields], value === '-' ? undefined : value);
      }
    }),
  );
});

test('a header field replaces each octet that is not printable ASCII, and is cut to its length', (t) => {
  t.is(headerField('login attempt', 32), 'login_attempt');
  t.is(headerField('jörg', 32), 'j__rg');
  t.is(headerField('a\n\x7f', 32), 'a__');
  t.is(headerField('x'.repeat(40), 32), 'x'.repeat(32));
  t.is(headerField('', 32), undefined);
});

function messageIn(text: string): Message {
  const parsed = parseMessage(Buffer.from(text));
  if (!parsed.ok) throw parsed.fault;
  return parsed.message;
}
