import test from 'ava';
import type { AgentState } from '../../../src/agent/state.js';
import { reportOf } from '../../../src/cli/status/status-report.js';
import { statusText } from '../../../src/cli/status/status-text.js';
import { summaryLine } from '../../../src/cli/status/summary.js';
import { assess, type Verdict } from '../../../src/cli/status/verdict.js';
import { NOW_MS, stateWith, WELL } from '../../support/sample-state.js';

const away = { name: 'waiting', attempt: 3, untilMs: NOW_MS + 2_000, reason: 'nothing listens' } as const;
const failure = { atMs: NOW_MS, message: 'the collector refuses our certificate', hint: 'ask them', refused: true };
const file = WELL.files[0]!;
const [main] = WELL.sources;
const ended = { ...WELL.certificate!, daysLeft: 40, chainDaysLeft: -1 };

const cases: [what: string, state: AgentState, verdict: Verdict, reason: RegExp | undefined][] = [
  ['an agent that is well', WELL, 'OK', undefined],
  ['an idle link', stateWith({ delivery: { link: { name: 'idle' } } }), 'OK', undefined],
  ['a collector that is down', stateWith({ delivery: { link: away } }), 'WAITING', /not available: nothing listens/],
  [
    'a collector that hangs',
    stateWith({ journal: { oldestUnacknowledgedAtMs: NOW_MS - 3_600_000 } }),
    'WAITING',
    /not acknowledged a message for 1 h/,
  ],
  [
    'a source without files',
    stateWith({ sources: [{ ...main!, files: 0 }] }),
    'WAITING',
    /no file matches yet: source main/,
  ],
  [
    'a certificate that is refused',
    stateWith({ delivery: { link: away, lastFailure: failure } }),
    'PROBLEM',
    /refuses our certificate/,
  ],
  ['a journal that is full', stateWith({ journal: { full: true, limit: 'maxBytes' } }), 'PROBLEM', /journal is full/],
  [
    'a disk that takes nothing',
    stateWith({ journal: { failed: 'the journal cannot be written' } }),
    'PROBLEM',
    /cannot be written/,
  ],
  ['a loop that hangs', stateWith({ stuckLoops: ['ingest'] }), 'PROBLEM', /loop ingest hangs/],
  ['a file that loops', stateWith({ ownTails: ['/var/log/a.log'] }), 'PROBLEM', /a\.log fills with our own/],
  ['a file that cannot be read', stateWith({ files: [{ ...file, code: 'EACCES' }] }), 'PROBLEM', /EACCES/],
  [
    'a message that no link survives',
    stateWith({ delivery: { stuck: { run: 'ff', seq: 7, path: '/var/log/a.log', offset: 12 } } }),
    'PROBLEM',
    /message ff:7 \(\/var\/log\/a\.log from byte 12\)/,
  ],
  ['an authority that has ended', stateWith({ certificate: ended }), 'PROBLEM', /has expired/],
  [
    'a certificate in its last week',
    stateWith({ certificate: { ...ended, chainDaysLeft: 7 } }),
    'PROBLEM',
    /ends in 7 days: renew it \(openemr-audit-forwarder cert renew --help\)/,
  ],
  ['a certificate with eight days left', stateWith({ certificate: { ...ended, chainDaysLeft: 8 } }), 'OK', undefined],
  ['no certificate', stateWith({ certificate: undefined }), 'PROBLEM', /cannot be used/],
  [
    'a revocation list that has ended',
    stateWith({ revocationList: { ends: '', daysLeft: -1 } }),
    'PROBLEM',
    /tls\.crl/,
  ],
];
for (const [what, state, verdict, reason] of cases) {
  test(`${what} is ${verdict}`, (t) => {
    const { verdict: found, reasons } = assess(state);
    t.is(found, verdict);
    if (reason === undefined) t.deepEqual(reasons, []);
    else t.regex(reasons[0] ?? '', reason);
    t.true(statusText(reportOf(state, { name: 'present' }), NOW_MS).startsWith(`${verdict}: ${reasons[0] ?? ''}`));
  });
}

test('what is a problem is named before what is only awaited', (t) => {
  const { verdict, reasons } = assess(
    stateWith({ delivery: { link: away }, journal: { full: true, limit: 'maxBytes' } }),
  );
  t.is(verdict, 'PROBLEM');
  t.is(reasons.length, 2);
  t.regex(reasons[0] ?? '', /full/);
});

test('the first line says all', (t) => {
  t.is(summaryLine(WELL), 'OK: connected to hie.example.org:6514 (TLSv1.3); sent 1,234, acknowledged 1,234, waiting 0');
});

test('an agent that has gone is a PROBLEM, whatever it wrote last', (t) => {
  const report = reportOf(WELL, { name: 'absent' });
  t.is(report.verdict, 'PROBLEM');
  t.false(report.running);
  t.regex(statusText(report, NOW_MS), /^PROBLEM: the agent is not running; last seen 2026-11-23 10:00:00Z/);
});

test('an agent that runs and leaves nothing new is a PROBLEM with what is old, since when, why, and what to do', (t) => {
  const silent = {
    name: 'silent',
    pid: 4242,
    verdict: 'PROBLEM',
    reason: 'its disk is full',
    remedy: 'free some',
  } as const;
  const report = reportOf(WELL, silent);
  t.true(report.running);
  t.deepEqual(report.stale, { reason: 'its disk is full', remedy: 'free some' });
  t.deepEqual(
    statusText(report, NOW_MS + 600_000)
      .split('\n')
      .slice(0, 4),
    [
      'PROBLEM: the agent runs as process 4242, but has left no new state here: its disk is full',
      '  free some',
      'What follows is old, of 2026-11-23 10:00:00Z (10 min ago):',
      'source main: 1 file, all read',
    ],
  );
});
