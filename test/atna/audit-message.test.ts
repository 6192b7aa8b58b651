import test from 'ava';
import fc from 'fast-check';
import { type AuditMessageOptions, AuditMessages } from '../../src/atna/audit-message.js';
import { detail } from '../../src/atna/detail.js';
import { RULES, ruleFor } from '../../src/atna/mapping.js';
import { ownObjectStart, readOwnObject } from '../../src/atna/own-object.js';
import { codes, detailsIn, type Element, faultsOf, find, readXml } from '../support/audit-message.js';
import { CASES, subjectOf } from '../support/audit-subjects.js';
import { type AuditRow, apiColumns, auditRow } from '../support/openemr-rows.js';

const NAME = { run: '00112233445566ff', seq: 7 };
const START = ownObjectStart(NAME, detail('run', NAME.run));
const OPTIONS: AuditMessageOptions = {
  hostname: 'emr.clinic.example',
  appName: 'openemr',
  site: 'main',
  comments: false,
  maxBytes: 32_000,
  nameRoom: START.length,
};
const AT = '2026-11-20T08:01:44-05:00';

for (const { rule, says, subject } of CASES) {
  test(`${rule}: ${says} is a valid audit message`, (t) => {
    t.is(ruleFor(subject).id, rule);
    const [message] = told(subject);
    t.deepEqual(faultsOf(message!), []);
    t.is(summary(message!), says);
  });
}

test('every rule has a case', (t) => {
  const met = new Set(CASES.map(({ rule }) => rule));
  t.deepEqual(
    RULES.map(({ id }) => id).filter((id) => !met.has(id)),
    [],
  );
});

test('the use of a token names the registered client, not the sentence about it', (t) => {
  const objectsOf = (row: Partial<AuditRow>, comment: string) => {
    const subject = subjectOf(auditRow({ event: 'api', patient_id: 0, ...row }, comment));
    const [message] = new AuditMessages(OPTIONS).ofRecord(subject, AT, []);
    return find(readXml(text(message!)), 'ParticipantObjectIdentification')
      .map(({ attributes }) => attributes.ParticipantObjectID)
      .slice(1);
  };

  t.deepEqual(objectsOf({}, 'API success: 198.51.100.20. Token successfully used for client[Qk3-vT] and user 9f0c.'), [
    'Qk3-vT',
  ]);
  t.deepEqual(
    objectsOf({ success: 0 }, 'API failure: 198.51.100.20. Token expired for client[Qk3-vT] and user 9f0c.'),
    ['Qk3-vT'],
  );
  t.deepEqual(objectsOf({ success: 0 }, 'API failure: 198.51.100.20. Bearer token missing'), []);
  t.deepEqual(objectsOf({ api: apiColumns({ client_id: 'Qk3-vT', request_url: '/apis/x' }) }, 'api log'), [
    '/apis/x',
    'Qk3-vT',
  ]);
});

test('the message of a login that was refused is written exactly so', (t) => {
  const subject = subjectOf(
    auditRow(
      { event: 'login', category: 'login', patient_id: null, success: 0 },
      'failure: 10.20.4.31. user not found',
    ),
  );
  const [message] = new AuditMessages({ ...OPTIONS, comments: true }).ofRecord(subject, AT, []);
  t.is(message!.severity, 4);
  t.is(
    message!.before,
    '<AuditMessage><EventIdentification EventActionCode="E" EventDateTime="2026-11-20T08:01:44-05:00" EventOutcomeIndicator="4">' +
      '<EventID csd-code="110114" codeSystemName="DCM" originalText="User Authentication"/>' +
      '<EventTypeCode csd-code="110122" codeSystemName="DCM" originalText="Login"/>' +
      '<EventTypeCode csd-code="login" codeSystemName="OpenEMR" originalText="login"/>' +
      '<EventOutcomeDescription>failure: 10.20.4.31. user not found</EventOutcomeDescription></EventIdentification>' +
      '<ActiveParticipant UserID="rsato@emr.clinic.example" UserIsRequestor="true" NetworkAccessPointID="10.20.4.31" NetworkAccessPointTypeCode="2"/>' +
      '<ActiveParticipant UserID="openemr@emr.clinic.example" UserIsRequestor="false" NetworkAccessPointID="emr.clinic.example" NetworkAccessPointTypeCode="1">' +
      '<RoleIDCode csd-code="110150" codeSystemName="DCM" originalText="Application"/></ActiveParticipant>' +
      '<AuditSourceIdentification AuditEnterpriseSiteID="default" AuditSourceID="openemr@emr.clinic.example"><AuditSourceTypeCode csd-code="4"/></AuditSourceIdentification>',
  );
  t.deepEqual(detailsIn(readXml(text(message!))).slice(2), [
    ['event', 'login'],
    ['user', 'rsato'],
    ['success', '0'],
    ['row', 'default::1'],
    ['checksum', 'ok'],
    ['category', 'login'],
    ['ip', '10.20.4.31'],
    ['group', 'Default'],
    ['from', 'open-emr'],
    ['comments', 'failure: 10.20.4.31. user not found'],
  ]);
});

const addresses: [comment: string, point: string, type: string][] = [
  ['success: 10.20.4.31', '10.20.4.31', '2'],
  ['failure: 192.0.2.7. user not found', '192.0.2.7', '2'],
  ['success: 172.18.0.1 (203.0.113.77, 10.0.0.9)', '172.18.0.1', '2'],
  ['success: 2001:db8::7', '2001:db8::7', '2'],
  ['API failure: 198.51.100.20. Token', '198.51.100.20', '2'],
  ['Google Failure: 198.51.100.20. x', '198.51.100.20', '2'],
  ['failure: bad.cafe', 'emr.clinic.example', '1'],
  ['mpatel-17: Mira Patel:success', 'emr.clinic.example', '1'],
  ['he said success: 10.1.1.1', 'emr.clinic.example', '1'],
  ['', 'emr.clinic.example', '1'],
];
for (const [comment, point, type] of addresses) {
  test(`who logs in with ${JSON.stringify(comment)} sits at ${point}`, (t) => {
    const [message] = told(subjectOf(auditRow({ event: 'login' }, comment)));
    t.like(find(message!, 'ActiveParticipant')[0]!.attributes, {
      NetworkAccessPointID: point,
      NetworkAccessPointTypeCode: type,
    });
  });
}

test('an emergency account that logs in or out is told of in a message of its own', (t) => {
  for (const [event, type, severity] of [
    ['login', '110127', 4],
    ['logout', '110138', 5],
  ] as const) {
    const made = new AuditMessages(OPTIONS).ofRecord(subjectOf(auditRow({ event, breakglass: 1 })), AT, []);
    t.is(made.length, 2);
    t.is(made[1]!.severity, severity);
    const message = readXml(text(made[1]!));
    t.deepEqual(faultsOf(message), []);
    t.is(summary(message), `110113 E 0 ${type}`);
  }
  t.is(told(subjectOf(auditRow({ event: 'login', breakglass: 1, success: 0 }))).length, 1);
  t.is(told(subjectOf(auditRow({ event: 'view', breakglass: 1 }))).length, 1);
});

test('a row that was altered is a warning', (t) => {
  const messages = new AuditMessages(OPTIONS);
  t.is(messages.ofRecord(subjectOf(auditRow({ checksum: 'ab'.repeat(64) })), AT, [])[0]!.severity, 4);
  t.is(messages.ofRecord(subjectOf(auditRow()), AT, [])[0]!.severity, 5);
});

test('what may hold patients’ particulars stays here, unless comments go out', (t) => {
  const search = auditRow({ patient_id: 0, user_notes: 'Zoe Secret' }, "SELECT 'Zoe Secret' FROM patient_data");
  const page = auditRow({ event: 'http-request-select', patient_id: 0 }, '/find.php?name=Zoe+Secret');
  for (const row of [search, page]) {
    const [kept] = new AuditMessages(OPTIONS).ofRecord(subjectOf(row), AT, []);
    t.notRegex(decoded(text(kept!)), /Secret/);
    const [open] = new AuditMessages({ ...OPTIONS, comments: true }).ofRecord(subjectOf(row), AT, []);
    t.regex(decoded(text(open!)), /Secret/);
  }
});

test('an encrypted comment fits no rule and says nothing', (t) => {
  const row = auditRow({ event: 'logout', success: 0, encrypt: 'Yes', comments: 'timeout, so force logout' });
  const subject = subjectOf(row);
  t.is(ruleFor(subject).id, 'logout-forced');
  t.is(find(told(subject)[0]!, 'EventOutcomeDescription').length, 0);
});

for (const kind of [
  'start',
  'stop',
  'heartbeat',
  'refused',
  'certificate',
  'gap',
  'full',
  'room',
  'dropped',
  'configuration',
  'tamper',
  'new kind',
]) {
  test(`the agent’s own ${kind} is a valid audit message`, (t) => {
    const fields = [
      ['reason', 'x'],
      ['empty', ''],
    ] as const;
    const message = readXml(text(new AuditMessages(OPTIONS).ofAgent(kind, fields, 4, AT)));
    t.deepEqual(faultsOf(message), []);
    t.deepEqual(detailsIn(message).slice(2), [
      ['kind', kind],
      ['reason', 'x'],
    ]);
  });
}

test('a line that is no row is a valid audit message, and its bytes arrive', (t) => {
  const bytes = Buffer.from([0, 1, 0xff, 0x3c, 0x26, 0x0d]);
  for (const reason of [undefined, 'not-json']) {
    const message = readXml(text(new AuditMessages(OPTIONS).ofLine(reason, bytes, AT, [])));
    t.deepEqual(faultsOf(message), []);
    const line = find(message, 'ParticipantObjectDetail').find(({ attributes }) => attributes.type === 'line');
    t.deepEqual(Buffer.from(line!.attributes.value!, 'base64'), bytes);
  }
});

test('whatever a row says, its message is valid XML, valid DICOM and no longer than allowed', (t) => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '"><x a="',
      ']]>&amp;&#0;<!--',
      '\0\x01\x1f\x7f\x85\ufffe\uffff\ud800',
      '&"<>'.repeat(2000),
      'é📞'.repeat(5000),
      ' \t\r\n',
      'login',
      'patient-record-select',
      'security-administration-update',
      'disclosure',
      'print',
      'api',
    ),
  );
  const row = fc.record({
    event: nasty,
    user: fc.option(nasty),
    category: nasty,
    groupname: nasty,
    success: fc.constantFrom(0, 1, null),
    patient_id: fc.oneof(nasty, fc.constantFrom(0, 17, null)),
    user_notes: nasty,
    comments: nasty,
    recipient: nasty,
    ccda_doc_id: fc.oneof(nasty, fc.constant(null)),
    encrypt: fc.constantFrom('Yes', 'No'),
    version: fc.constantFrom(3, 4, null),
    breakglass: fc.constantFrom(0, 1),
    api: fc.option(fc.record({ request_url: nasty, method: nasty, ip_address: nasty })),
  });
  fc.assert(
    fc.property(row, nasty, fc.constantFrom(8192, 32_768), fc.boolean(), (columns, hostname, maxBytes, comments) => {
      const messages = new AuditMessages({ ...OPTIONS, hostname: `h${hostname}`, maxBytes, comments });
      const made = messages.ofRecord(subjectOf(Buffer.from(JSON.stringify({ id: 1, ...columns }))), AT, [
        ['tzKnown', '0'],
      ]);
      for (const message of made) {
        const xml = text(message);
        t.true(xml.length <= maxBytes, `${xml.length}`);
        t.deepEqual(faultsOf(readXml(Buffer.from(xml, 'latin1').toString('utf8'))), []);
        t.deepEqual(readOwnObject(Buffer.from(xml, 'latin1'))!.slice(0, 3), [
          ['run', NAME.run],
          ['seq', '7'],
          ['tzKnown', '0'],
        ]);
      }
    }),
    { numRuns: 200 },
  );
});

test('a comment too long for its message is cut, says so, and the rest arrives', (t) => {
  const subject = subjectOf(auditRow({ event: 'other-update' }, `UPDATE ${'é'.repeat(60_000)}`));
  const [message] = new AuditMessages({ ...OPTIONS, comments: true }).ofRecord(subject, AT, []);
  const xml = text(message!);
  t.true(xml.length <= OPTIONS.maxBytes && xml.length > OPTIONS.maxBytes - 60, `${xml.length}`);
  const comments = Object.fromEntries(detailsIn(readXml(xml))).comments!;
  t.regex(comments, /^UPDATE é+… \[cut: 120007 octets in all\]$/);
});

function told(subject: Parameters<AuditMessages['ofRecord']>[0]): Element[] {
  return new AuditMessages(OPTIONS).ofRecord(subject, AT, []).map((message) => readXml(text(message)));
}

/** In octets. */
function text({ before, after }: { readonly before: string; readonly after: string }): string {
  return before + START + after;
}

function decoded(xml: string): string {
  const query = find(readXml(xml), 'ParticipantObjectQuery').map((element) => Buffer.from(element.text, 'base64'));
  return [xml, ...detailsIn(readXml(xml)).flat(), ...query.map(String)].join(' ');
}

function summary(message: Element): string {
  const { EventActionCode, EventOutcomeIndicator } = find(message, 'EventIdentification')[0]!.attributes;
  return [
    codes(message, 'EventID')[0],
    EventActionCode,
    EventOutcomeIndicator,
    ...codes(message, 'EventTypeCode'),
  ].join(' ');
}
