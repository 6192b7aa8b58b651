/** libxml2 says what XML and XML Schema are: an opinion that is not ours, on every kind of message. Debian: libxml2-utils. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { AuditMessages } from '../../src/atna/audit-message.js';
import { detail } from '../../src/atna/detail.js';
import { ownObjectStart } from '../../src/atna/own-object.js';
import { certificateFields, sealFields } from '../../src/seal/seal.js';
import { CASES, subjectOf } from '../support/audit-subjects.js';
import { auditRow } from '../support/openemr-rows.js';

const run = promisify(execFile);
const SCHEMA = 'test/fixtures/atna/audit-message.xsd';
const NAME = { run: '00112233445566ff', seq: 7 };
const START = ownObjectStart(NAME, detail('run', NAME.run));
const AT = '2026-11-20T08:01:44.123-05:00';

// As long as a real one of RSA, with a digest in front and a chain begun.
const HEX = 'ab'.repeat(32);
const SEAL = { ...NAME, first: 1, last: 6, before: HEX, sha256: HEX, time: '2026-11-23T10:00:03.000Z', key: HEX };
const SEALS = [SEAL, { ...SEAL, before: '' }].map((seal) =>
  sealFields(seal, Buffer.alloc(512, 251).toString('base64')),
);
const CERTIFICATES = certificateFields([Buffer.alloc(2000, 250), Buffer.alloc(1500, 7)], 1500);

const hosts = ['emr.clinic.example', '2001:db8::7', '"<&\'>'];
const messages = hosts.flatMap((hostname) =>
  [true, false].flatMap((comments) => {
    const made = new AuditMessages({
      hostname,
      appName: 'openemr',
      site: 'main',
      comments,
      maxBytes: 8192,
      nameRoom: START.length,
    });
    const nasty = auditRow(
      { user: '\0\x85\ufffe"<é📞', event: '&"<>'.repeat(900), breakglass: 1 },
      '\0\xff'.repeat(9000),
    );
    return [
      ...[
        ...CASES.map(({ subject }) => subject),
        subjectOf(nasty),
        subjectOf(auditRow({ event: 'login', breakglass: 1 })),
      ].flatMap((subject) => made.ofRecord(subject, AT, [['tzKnown', '0']])),
      ...[
        'start',
        'stop',
        'heartbeat',
        'refused',
        'certificate',
        'full',
        'room',
        'gap',
        'dropped',
        'configuration',
        'tamper',
        'x',
      ].map((kind) => made.ofAgent(kind, [['reason', 'é\0']], 4, AT)),
      ...SEALS.map((fields) => made.ofAgent('seal', fields, 5, AT)),
      ...CERTIFICATES.map((fields) => made.ofAgent('seal-certificate', fields, 5, AT)),
      made.ofLine(undefined, Buffer.from([0, 255]), AT, []),
      made.ofLine('not-json', Buffer.alloc(90_000), AT, []),
    ];
  }),
);

test('every kind of audit message is valid for libxml2', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'atna-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const files = messages.map((_, index) => join(directory, `${index}.xml`));
  for (const [index, { before, after }] of messages.entries()) {
    await writeFile(files[index]!, Buffer.from(before + START + after, 'latin1'));
  }

  const { stderr } = await run('xmllint', ['--noout', '--schema', SCHEMA, ...files], { maxBuffer: 1 << 24 });

  t.is(
    stderr
      .trimEnd()
      .split('\n')
      .filter((line) => line.endsWith(' validates')).length,
    files.length,
  );
});

test('a message with its children out of order is not', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'atna-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const file = join(directory, 'wrong.xml');
  const { before, after } = messages[0]!;
  const wrong = (before + START + after).replace(/(<EventID [^>]*>)(<EventTypeCode [^>]*>)/, '$2$1');
  await writeFile(file, Buffer.from(wrong, 'latin1'));
  await t.throwsAsync(run('xmllint', ['--noout', '--schema', SCHEMA, file]), { message: /EventTypeCode/ });
});
