import { readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import type { AuditRecord, Unparsed } from '../../src/model/record.js';
import { clientOf, emergencyOf, readRow, recordOf as recordOfRow, tamperingOf } from '../../src/openemr/parse.js';
import { apiColumns, auditRow, longRow, oddRows, rowLine } from '../support/openemr-rows.js';

test('a row gives its event, outcome, wall time and fields', (t) => {
  t.deepEqual(parseRow(rowLine(auditRow({ id: 4711, generation: '3' })), 'default'), {
    event: 'patient-record-select',
    site: 'default',
    success: true,
    failed: false,
    checksum: 'ok',
    tampering: undefined,
    emergency: undefined,
    wallTime: '2026-11-20T08:01:44',
    notAfterMs: undefined,
    fields: [
      ['user', 'rsato'],
      ['patient', '17'],
      ['success', '1'],
      ['row', 'default:3:4711'],
      ['checksum', 'ok'],
      ['category', 'Patient Demographics'],
      ['group', 'Default'],
      ['from', 'open-emr'],
    ],
  });
});

test('a row of an API call gives the caller’s address and the moment it was written', (t) => {
  const record = recordOf(auditRow({ api: apiColumns() }));
  t.is(fieldOf(record, 'ip'), '198.51.100.20');
  t.is(record.notAfterMs, Date.parse('2026-11-20T13:01:44Z'));
});

test('an API time that shows the same clock as the row proves nothing', (t) => {
  for (const created_time of ['2026-11-20 08:01:44', '2026-11-20 08:03:00', '', 'garbage']) {
    t.is(recordOf(auditRow({ api: apiColumns({ created_time }) })).notAfterMs, undefined, created_time);
  }
});

test('the moment of the export bounds a row that has no better time', (t) => {
  const exported_at = '2026-11-01T06:30:40.123Z';
  t.is(recordOf(auditRow({ exported_at })).notAfterMs, Date.parse(exported_at));
  t.is(recordOf(auditRow({ exported_at, api: apiColumns() })).notAfterMs, Date.parse('2026-11-20T13:01:44Z'));
  for (const wrong of ['2026-11-01 06:30:40', 'x', '2026-99-01T06:30:40Z']) {
    t.is(recordOf(auditRow({ exported_at: wrong })).notAfterMs, undefined, wrong);
  }
});

test('what the exporter says between the rows has the moment of the export and names the row that it is about', (t) => {
  const line = {
    event: 'audit-trail-row-deleted',
    log_from: 'openemr-audit-forwarder',
    success: 0,
    row_id: 12,
    row_date: null,
  };
  const record = parse(
    JSON.stringify({ ...line, site: 'north', generation: '2', exported_at: '2026-11-20T13:00:00.000Z' }),
  );
  t.like(record, { event: 'audit-trail-row-deleted', success: false, atMs: Date.parse('2026-11-20T13:00:00Z') });
  t.is(record.wallTime, undefined);
  t.is(fieldOf(record, 'about'), 'north:2:12');
  t.is(fieldOf(record, 'row'), undefined);
});

test('the configured site goes before the row’s, the row’s before the path’s', (t) => {
  const line = rowLine(auditRow({ site: 'row' }));
  const siteOf = (...sites: string[]) => fieldOf(parseRow(line, ...sites) as AuditRecord, 'row');
  t.deepEqual([siteOf('configured', 'path'), siteOf('', 'path'), siteOf()], ['configured::1', 'row::1', 'row::1']);
  t.is(fieldOf(parseRow(rowLine(auditRow()), '', 'path') as AuditRecord, 'row'), 'path::1');
});

test('nulls and empty columns are left out', (t) => {
  const bare = recordOf(
    auditRow({ event: null, category: null, user: null, groupname: '', patient_id: null, success: null, log_from: '' }),
  );
  t.deepEqual(bare.fields, [
    ['row', '::1'],
    ['checksum', 'ok'],
  ]);
  t.is(bare.event, '');
  t.is(bare.success, undefined);
});

test('patient 0 is no patient', (t) => {
  t.is(fieldOf(recordOf(auditRow({ patient_id: 0 })), 'patient'), undefined);
});

test('break-glass and encrypted rows say so', (t) => {
  t.is(fieldOf(recordOf(auditRow({ breakglass: 1 })), 'breakglass'), '1');
  t.is(fieldOf(recordOf(auditRow({ breakglass: true })), 'breakglass'), '1');
  for (const no of [0, false, null]) t.is(fieldOf(recordOf(auditRow({ breakglass: no })), 'breakglass'), undefined);
  t.is(fieldOf(recordOf(auditRow({ encrypt: 'Yes' })), 'encrypted'), '1');
});

test('numbers as text, booleans and unknown keys do no harm', (t) => {
  const record = parse(
    '{"id":"12","date":"2026-11-20 08:01:44","success":"0","patient_id":"9","user":5,"new":{"a":[1]}}',
  );
  t.is(record.success, false);
  t.deepEqual(record.fields, [
    ['user', '5'],
    ['patient', '9'],
    ['success', '0'],
    ['row', '::12'],
    ['checksum', 'none'],
  ]);
  t.is(parse('{"success":true}').success, true);
  t.is(parse('{"success":2}').success, undefined);
});

test('columns of a type that makes no text are left out', (t) => {
  t.deepEqual(parse('{"id":[1],"user":{"a":1},"groupname":1.5,"patient_id":1e300,"api":7,"date":20261120}'), {
    event: '',
    site: '',
    success: undefined,
    failed: false,
    checksum: 'none',
    tampering: undefined,
    emergency: undefined,
    wallTime: undefined,
    notAfterMs: undefined,
    fields: [['checksum', 'none']],
  });
});

test('an id too big for JSON to hold exactly names no row, as text it does', (t) => {
  t.is(fieldOf(parse('{"id":9007199254740993}'), 'row'), undefined);
  t.is(fieldOf(parse('{"id":"9007199254740993"}'), 'row'), '::9007199254740993');
});

test('a colon in the generation cannot shift the id', (t) => {
  t.is(fieldOf(recordOf(auditRow({ generation: 'a:b' })), 'row'), ':a_b:1');
});

for (const date of ['', '0000-00-00 00:00:00', '2026-02-30 00:00:00', 'yesterday']) {
  test(`a row dated ${JSON.stringify(date)} has no wall time but all the rest`, (t) => {
    const record = recordOf(auditRow({ date }));
    t.is(record.wallTime, undefined);
    t.is(record.event, 'patient-record-select');
    t.is(fieldOf(record, 'user'), 'rsato');
  });
}

const unparsed: Record<string, Buffer> = {
  'not-json': Buffer.from('{"id":1,"date":"2026-11'),
  'not-object': Buffer.from('[{"id":1}]'),
  'not-utf8': Buffer.concat([Buffer.from('{"user":"'), Buffer.from([0xff]), Buffer.from('"}')]),
};
for (const [reason, line] of Object.entries(unparsed)) {
  test(`a line that cannot be understood says ${reason}`, (t) => {
    t.deepEqual(parseRow(line), { unparsed: reason });
  });
}

for (const text of ['', ' ', 'null', '5', '"text"', '\ufeff{}', '{}\0', '{"a":1}{"b":2}', 'nan']) {
  test(`${JSON.stringify(text)} is a line that cannot be understood`, (t) => {
    t.true('unparsed' in parseRow(Buffer.from(text)));
  });
}

test('every odd row is understood', (t) => {
  for (const row of [...oddRows(), longRow()]) {
    const record = recordOf(row);
    t.is(record.event, row.event ?? '');
    t.is(fieldOf(record, 'user'), row.user ?? undefined);
    t.is(record.wallTime === undefined, row.date.startsWith('0000'));
  }
});

test('the rows of the fixture are the odd rows', (t) => {
  const fixture = readFileSync('test/fixtures/openemr/audit.jsonl');
  t.deepEqual(fixture, Buffer.concat(oddRows().flatMap((row) => [rowLine(row), Buffer.from('\n')])));
});

test('no line makes the parser throw', (t) => {
  const line = fc.oneof(
    fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .dictionary(fc.constantFrom('id', 'date', 'user', 'api', 'success', 'event'), fc.jsonValue())
      .map((row) => Buffer.from(JSON.stringify(row))),
  );
  fc.assert(
    fc.property(line, (bytes) => {
      const record = parseRow(bytes);
      if (!('unparsed' in record)) for (const [, value] of record.fields) t.is(typeof value, 'string');
      t.pass();
    }),
  );
});

function parseRow(line: Buffer, site = '', siteOfPath = ''): AuditRecord | Unparsed {
  const read = readRow(line);
  return 'unparsed' in read ? read : recordOfRow(read.row, site, siteOfPath);
}

function parse(text: string): AuditRecord {
  const record = parseRow(Buffer.from(text));
  if ('unparsed' in record) throw new Error(record.unparsed);
  return record;
}

function recordOf(row: Parameters<typeof rowLine>[0]): AuditRecord {
  return parse(rowLine(row).toString());
}

function fieldOf(record: AuditRecord, name: string): string | undefined {
  return record.fields.find(([each]) => each === name)?.[1];
}

const cases: [event: string, success: boolean | undefined, means: string | undefined][] = [
  ['login', true, 'start'],
  ['login', undefined, 'start'],
  ['login', false, undefined],
  ['logout', true, 'stop'],
  ['logout', false, 'stop'],
  ['auth', true, undefined],
  ['view', true, undefined],
];
for (const [event, success, means] of cases) {
  test(`${event} with success ${success} of an emergency account means ${means}, of another nothing`, (t) => {
    t.is(emergencyOf(event, success, true), means as ReturnType<typeof emergencyOf>);
    t.is(emergencyOf(event, success, false), undefined);
  });
}

const NAMES = { row: 'default:1:7', about: 'default:1:9' };

test('a row that does not fit its checksum was altered, one without checksum is not suspected', (t) => {
  t.deepEqual(tamperingOf({ id: 7 }, 'altered', NAMES), { how: 'altered', row: 'default:1:7' });
  for (const checksum of ['ok', 'none'] as const) t.is(tamperingOf({ id: 7 }, checksum, NAMES), undefined);
});

test('what the exporter found deleted or edited is told by the name of that row, and nothing else of what it says is', (t) => {
  for (const how of ['deleted', 'edited'] as const) {
    const line = { event: `audit-trail-row-${how}`, row_id: 9 };
    t.deepEqual(tamperingOf(line, 'none', NAMES), { how, row: 'default:1:9' });
    t.is(tamperingOf({ ...line, id: 7 }, 'none', NAMES), undefined, 'a row of OpenEMR’s that is called so');
  }
  for (const event of ['audit-trail-row-restored', 'audit-trail-begun', 'audit-trail-table-replaced']) {
    t.is(tamperingOf({ event }, 'none', NAMES), undefined);
  }
});

const encoded = (text: string) => Buffer.from(text).toString('base64');

const words: [comment: string, address: string][] = [
  ['success: 10.20.4.31', '10.20.4.31'],
  ['failure: 192.0.2.7. user not found', '192.0.2.7'],
  ['success: 172.18.0.1 (203.0.113.77, 10.0.0.9)', '172.18.0.1'],
  ['API failure: 2001:db8::7. Token', '2001:db8::7'],
  ['failure: bad.cafe', ''],
  ['he said success: 10.1.1.1', ''],
  ['', ''],
];
for (const [comment, address] of words) {
  test(`who logs in with ${JSON.stringify(comment)} came from ${address || 'nobody knows where'}`, (t) => {
    t.is(clientOf({ event: 'login', version: 4, comments: encoded(comment) }), address);
    t.is(clientOf({ event: 'view', version: 4, comments: encoded(comment) }), '', 'only those who come are asked');
    t.is(clientOf({ event: 'login', version: 4, encrypt: 'Yes', comments: comment }), '');
  });
}

test('the column of an API call goes before words, and counts only when it holds an address', (t) => {
  const row = { event: 'api', version: 4, comments: encoded('API success: 10.0.0.1. Token') };
  t.is(clientOf({ ...row, api: { ip_address: '198.51.100.20' } }), '198.51.100.20');
  t.is(clientOf({ ...row, api: { ip_address: 'unknown' } }), '10.0.0.1');
});
