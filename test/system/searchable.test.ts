/**
 * What a receiver can search by without looking into MSG: rsyslog's own parsers
 * for RFC 5424 and for structured data, on rows that surprise. No TLS: the
 * octets behind it are the same.
 */
import { connect } from 'node:net';
import { finished } from 'node:stream/promises';
import test from 'ava';
import { Encoder } from '../../src/encode/encoder.js';
import { makeTestPki } from '../support/certificates.js';
import { LEAST, load } from '../support/config.js';
import { auditRow, longRow, oddRows, rowFile } from '../support/openemr-rows.js';
import { Rsyslog } from '../support/rsyslog.js';
import { until } from '../support/wait.js';

const RUN = '00112233445566ff';

interface Seen {
  readonly pri: string;
  readonly time: string;
  readonly host: string;
  readonly app: string;
  readonly msgid: string;
  readonly sd: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const STORE = [
  '{\\"pri\\":\\"%pri%\\"',
  '\\"time\\":\\"%timereported:::date-rfc3339%\\"',
  '\\"host\\":\\"%hostname:::json%\\"',
  '\\"app\\":\\"%app-name:::json%\\"',
  '\\"msgid\\":\\"%msgid:::json%\\"',
  '\\"sd\\":%$!rfc5424-sd%}',
].join(',');

test('rsyslog finds every field of a row by its name, whatever characters are in it', async (t) => {
  const pki = await makeTestPki();
  const rsyslog = await Rsyslog.start({ driver: 'ptcp', pki, store: STORE });
  t.teardown(async () => {
    await rsyslog.stop();
    await pki.remove();
  });
  const rows = [
    ...oddRows(),
    longRow({ id: 51 }),
    auditRow({ id: 52, user: 'a]"\\b', groupname: 'x\\"]y="z"', category: '\\' }),
    auditRow({ id: 53, event: 'login', user: 'er1', breakglass: true }, 'success: 10.20.4.8'),
    auditRow({ id: 54, checksum: 'ab'.repeat(64) }),
  ];
  const encoder = await encoderOf();
  const { frames, count } = encoder.encode(chunkOf(rowFile(rows)));
  const socket = connect(rsyslog.port, '127.0.0.1');
  socket.end(frames);
  await finished(socket.resume());
  await until(async () => (await rsyslog.stored()).length === count, { what: 'rsyslog to store all' });

  const seen = (await rsyslog.stored()).map((line) => JSON.parse(line) as Seen);
  t.deepEqual(
    seen.map(({ sd }) => (sd['audit@32473'] ?? sd['agent@32473'])?.seq),
    seen.map((_, index) => String(index + 1)),
  );
  for (const { host, app, sd } of seen.slice(0, -1)) {
    t.deepEqual([host, app, sd['audit@32473']?.source], ['emr.clinic.example', 'openemr', 'main']);
  }
  const row = (id: number) => seen.filter(({ sd }) => sd['audit@32473']?.row?.endsWith(`:${id}`));
  t.like(row(1)[0], { pri: '84', msgid: 'login', time: '2026-11-20T08:01:44-05:00' });
  t.like(row(9)[0]?.sd['audit@32473'], { user: 'jörg "j" [admin]\\', checksum: 'ok' });
  t.like(row(52)[0]?.sd['audit@32473'], { user: 'a]"\\b', group: 'x\\"]y="z"', category: '\\' });
  t.true(row(51).length > 2 && row(51).every(({ sd }) => sd['audit@32473']?.part !== undefined));
  t.deepEqual(
    row(53).map(({ sd, pri }) => [sd['audit@32473']?.event, pri]),
    [
      ['login', '85'],
      ['breakglass-start', '84'],
    ],
  );
  t.like(row(54)[0], { pri: '84' });
  t.like(seen.at(-1), { app: 'openemr-audit-forwarder', msgid: 'OAF' });
  t.like(seen.at(-1)?.sd['agent@32473'], { kind: 'tamper', altered: '1', row: '::54' });
});

async function encoderOf(): Promise<Encoder> {
  const yaml = LEAST.replace('name: main,', 'name: main, timeZone: America/New_York,');
  const { sources, message } = await load(`${yaml}\nmessage: { hostname: emr.clinic.example }`);
  return new Encoder({ sources, message, run: RUN, nextSeq: 1, positions: [] });
}

function chunkOf(bytes: Buffer) {
  const identity = { inode: 1, device: 1, birthtimeMs: 1, head: '', last: '' };
  const from = { tailId: '0123456789abcdef', source: 'main', path: '/var/log/audit.log', identity, offset: 0 };
  return { from, to: { ...from, offset: bytes.length }, bytes, ending: 'newline', readAtMs: 0 } as const;
}
