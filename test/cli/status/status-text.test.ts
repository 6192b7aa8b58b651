import test from 'ava';
import { reportOf } from '../../../src/cli/status/status-report.js';
import { statusText } from '../../../src/cli/status/status-text.js';
import { NOW_MS, stateWith, WELL } from '../../support/sample-state.js';

function linesOf(state: typeof WELL): string[] {
  return statusText(reportOf(state, { name: 'present' }), NOW_MS).split('\n');
}

test('the verdict comes first, then everything that it is based on', (t) => {
  t.deepEqual(linesOf(WELL), [
    'OK: connected to hie.example.org:6514 (TLSv1.3)',
    '  sent 1,234, acknowledged 1,234, waiting 0',
    'agent: running for 2 h as process 4242, version 0.1.0',
    '  configuration: /etc/openemr-audit-forwarder/config.yaml',
    'source main: 1 file, all read',
    'lines: 1,230 read since the start, 0 unparsed (sent unchanged), 0 empty',
    'journal: 0 messages not acknowledged yet',
    '  64 KiB of 4 GiB used, 10 GiB free on its volume',
    'link: connected to hie.example.org:6514 (TLSv1.3)',
    '  at 192.0.2.10 since 2026-11-23 09:00:00Z (1 h ago)',
    '  sent 1,234, acknowledged 1,234, repeated 0',
    '  acknowledgement: close-notify (the collector confirms that it has read all)',
    '  last acknowledgement: 2026-11-23 09:59:55Z (5 s ago)',
    '  connections made: 14 in 2 h, about 168 a day',
    'certificate: CN=emr.clinic.example, valid until 2027-02-01 (70 days left)',
    'collector’s certificate: CN=hie.example.org, valid until 2027-02-01 (80 days left)',
    'revocation list (tls.crl): valid until 2026-12-23 (30 days left)',
    'clock of this machine: synchronised',
    'Problems now: none',
    '',
  ]);
});

test('a source that is behind says by how much, in bytes, lines and time', (t) => {
  const source = { name: 'main', files: 2, unreadable: 0, lagBytes: 12_582_912, lagLines: 34_000, lagMs: 200_000 };
  const [behind, unknown] = [source, { ...source, lagLines: undefined, lagMs: 0 }].map(
    (each) => linesOf(stateWith({ sources: [each] }))[4],
  );
  t.is(behind, 'source main: 2 files, 12 MiB not read yet, about 34,000 lines, the oldest for 3 min 20 s');
  t.is(unknown, 'source main: 2 files, 12 MiB not read yet');
});

test('a file that cannot be read comes with what to do about it', (t) => {
  const [file] = WELL.files;
  const [source] = WELL.sources;
  const state = stateWith({
    files: [{ ...file!, code: 'EACCES' }],
    sources: [{ ...source!, files: 0, unreadable: 1 }],
  });
  const told = linesOf(state).filter((line) => line.startsWith('  cannot read /var/log/'));
  t.regex(told.join('\n'), /\(EACCES\); let the user openemr-audit read it/);
});

test('a file name that would steer the terminal, or is not UTF-8, is shown escaped', (t) => {
  const [file] = WELL.files;
  const state = stateWith({ files: [{ ...file!, path: '/var/log/\u001b[2Jlat\udcfc\n.log', code: 'EACCES' }] });
  const lines = linesOf(state);
  t.true(lines.some((line) => line.startsWith('  cannot read /var/log/\\x1b[2Jlat\\xfc\\x0a.log (EACCES)')));
  t.true(lines[0]?.includes('/var/log/\\x1b[2Jlat\\xfc\\x0a.log'));
});

test('problems say since when they last and what to do; those that are over say when they ended', (t) => {
  const problem = {
    key: 'journal-full',
    atMs: NOW_MS - 1_000,
    level: 'error',
    message: 'The journal is full',
    facts: { code: 'ENOSPC', reason: 'no space', file: undefined },
    remedy: 'free space',
    sinceMs: NOW_MS - 600_000,
    overMs: undefined,
    times: 3,
  } as const;
  const over = { ...problem, message: 'A file cannot be read', overMs: NOW_MS - 60_000, facts: {} };
  t.deepEqual(linesOf(stateWith({ problems: [problem, over] })).slice(-9, -1), [
    'Problems now:',
    '  The journal is full',
    '    error since 2026-11-23 09:50:00Z (10 min ago)',
    '    code: ENOSPC, reason: no space',
    '    hint: free space',
    'Problems that are over:',
    '  A file cannot be read',
    '    error, 3 times, lasted 9 min, over since 2026-11-23 09:59:00Z (1 min ago)',
  ]);
});

test('problems of the journal, unproven delivery and a wrong clock are said in words', (t) => {
  const text = linesOf(
    stateWith({
      journal: {
        full: true,
        limit: 'maxBytes',
        failed: 'no space',
        damages: 2,
        dropped: 9,
        oldestUnacknowledgedAtMs: NOW_MS - 60_000,
      },
      delivery: { lastLevel: 'window' },
      clock: 'unsynchronised',
    }),
  ).join('\n');
  for (const words of [
    'the oldest for 1 min',
    'FULL: log files are not read until',
    'cannot be written: no space',
    '2 damaged places',
    '9 messages DROPPED',
    'delivery is NOT proven',
    'NOT synchronised',
  ]) {
    t.true(text.includes(words), words);
  }
});

test('the verdict and why stand in lines of at most 80 columns, broken between words', (t) => {
  const reason = 'hie.example.org:6514: no answer to the connection within 10 s, from any of its six addresses so far';
  const link = { name: 'waiting', attempt: 3, untilMs: NOW_MS + 2_000, reason } as const;
  const lines = linesOf(stateWith({ delivery: { link } }));
  const head = lines.slice(0, lines.indexOf('  sent 1,234, acknowledged 1,234, waiting 0'));
  t.is(head.length, 2);
  t.deepEqual(
    head.filter((line) => line.length > 80),
    [],
  );
  t.is(head.map((line) => line.trim()).join(' '), `WAITING: the collector is not available: ${reason}`);
});
