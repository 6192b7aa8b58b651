import test from 'ava';
import type { AgentState } from '../../../src/agent/state.js';
import { reportOf } from '../../../src/cli/status/status-report.js';
import { statusText } from '../../../src/cli/status/status-text.js';
import { assess, summaryLine, type Verdict } from '../../../src/cli/status/verdict.js';
import { NOW_MS, stateWith, WELL } from '../../support/sample-state.js';

const away = { name: 'waiting', attempt: 3, untilMs: NOW_MS + 2_000, reason: 'nothing listens' } as const;
const failure = { atMs: NOW_MS, message: 'the collector refuses our certificate', hint: 'ask them', refused: true };
const file = WELL.files[0]!;
const [main] = WELL.sources;
const problem = {
  key: 'certificate-files',
  level: 'warning',
  message: 'The certificate files are not used',
  facts: { reason: 'no key' },
  remedy: undefined,
  sinceMs: NOW_MS,
  atMs: NOW_MS,
  overMs: undefined,
  times: 1,
} as const;
const ended = { ...WELL.certificate!, daysLeft: 40, chainDaysLeft: -1 };

const cases: [what: string, state: AgentState, verdict: Verdict, reason: RegExp | undefined][] = [
  ['an agent that is well', WELL, 'OK', undefined],
  ['a problem that nobody need act on', stateWith({ problems: [problem] }), 'OK', undefined],
  [
    'a problem that somebody must act on',
    stateWith({ problems: [{ ...problem, level: 'error' }] }),
    'PROBLEM',
    /^the certificate files are not used: no key$/,
  ],
  [
    'such a problem that is over',
    stateWith({ problems: [{ ...problem, level: 'error', overMs: NOW_MS }] }),
    'OK',
    undefined,
  ],
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
  ['a loop that hangs', stateWith({ stuckLoops: ['ingest'] }), 'PROBLEM', /the ingest loop hangs/],
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
    /expires in 7 days: renew it \(openemr-audit-forwarder cert renew --help\)/,
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
    // On several lines where it is long.
    const text = statusText(reportOf(state, { name: 'present' }), NOW_MS).replaceAll(/\n {2}/g, ' ');
    t.true(text.startsWith(`${verdict}: ${reasons[0] ?? ''}`));
  });
}

test('problems are named before what is only awaited', (t) => {
  const { verdict, reasons } = assess(
    stateWith({ delivery: { link: away }, journal: { full: true, limit: 'maxBytes' } }),
  );
  t.is(verdict, 'PROBLEM');
  t.is(reasons.length, 2);
  t.regex(reasons[0] ?? '', /full/);
});

test('the summary line has the verdict, why, and the counts', (t) => {
  t.is(summaryLine(WELL), 'OK: connected to hie.example.org:6514 (TLSv1.3); sent 1,234, acknowledged 1,234, waiting 0');
});

test('an agent that does not run is a PROBLEM, whatever it wrote last', (t) => {
  const report = reportOf(WELL, { name: 'absent' });
  t.is(report.verdict, 'PROBLEM');
  t.false(report.running);
  t.regex(statusText(report, NOW_MS), /^PROBLEM: the agent is not running; last seen 2026-11-23 10:00:00Z/);
});

test('an agent that runs and writes no new state is a PROBLEM, with why, what to do, and how old the rest is', (t) => {
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
      .slice(0, 5),
    [
      'PROBLEM: its disk is full; the agent runs as process 4242, but has left no new',
      '  state here',
      '  hint: free some',
      'The rest is old, from 2026-11-23 10:00:00Z (10 min ago):',
      'source main: 1 file, all read',
    ],
  );
});

const refusal = { ...failure, message: 'the collector refuses our certificate' };
const silence = { ...failure, message: 'connection timed out', hint: '', refused: false };

/** What happens, second by second, and the verdict that status gives of it. */
const outages: [what: string, ...story: [atS: number, delivery: Partial<AgentState['delivery']>, Verdict][]][] = [
  [
    'a firewall that drops packets',
    [0, { link: { name: 'connecting', attempt: 0 }, outage: { sinceMs: NOW_MS, failure: undefined } }, 'OK'],
    [9, { link: { name: 'connecting', attempt: 0 }, outage: { sinceMs: NOW_MS, failure: undefined } }, 'OK'],
    [10, { link: { name: 'connecting', attempt: 0 }, outage: { sinceMs: NOW_MS, failure: undefined } }, 'WAITING'],
    [20, { link: away, outage: { sinceMs: NOW_MS, failure: silence }, lastFailure: silence }, 'WAITING'],
    [
      22,
      { link: { name: 'connecting', attempt: 1 }, outage: { sinceMs: NOW_MS, failure: silence }, lastFailure: silence },
      'WAITING',
    ],
    [42, { link: away, outage: { sinceMs: NOW_MS, failure: silence }, lastFailure: silence }, 'WAITING'],
    [
      46,
      { link: { name: 'connecting', attempt: 2 }, outage: { sinceMs: NOW_MS, failure: silence }, lastFailure: silence },
      'WAITING',
    ],
    [47, { outage: undefined, lastFailure: silence }, 'OK'],
  ],
  [
    'a collector that refuses us right after each handshake',
    [0, { link: away, outage: { sinceMs: NOW_MS, failure: refusal }, lastFailure: refusal }, 'PROBLEM'],
    [
      1,
      { link: { name: 'connecting', attempt: 1 }, outage: { sinceMs: NOW_MS, failure: refusal }, lastFailure: refusal },
      'PROBLEM',
    ],
    [2, { outage: { sinceMs: NOW_MS, failure: refusal }, lastFailure: refusal }, 'PROBLEM'],
    [3, { link: away, outage: { sinceMs: NOW_MS, failure: refusal }, lastFailure: silence }, 'PROBLEM'],
    [4, { outage: undefined, lastFailure: refusal }, 'OK'],
  ],
  [
    'an idle collector',
    [0, { link: { name: 'idle' }, outage: undefined, lastFailure: silence }, 'OK'],
    [1, { link: { name: 'connecting', attempt: 0 }, outage: { sinceMs: NOW_MS + 1_000, failure: undefined } }, 'OK'],
    [2, { outage: undefined }, 'OK'],
  ],
];
for (const [what, ...story] of outages) {
  test(`${what} has one verdict until a connection stands`, (t) => {
    for (const [atS, delivery, verdict] of story) {
      const writtenAtMs = NOW_MS + atS * 1_000;
      t.is(assess(stateWith({ writtenAtMs, delivery })).verdict, verdict, `after ${atS} s`);
    }
  });
}

test('before the first attempt has failed, status says how long nothing has answered', (t) => {
  const delivery = {
    link: { name: 'connecting', attempt: 0 },
    outage: { sinceMs: NOW_MS - 12_000, failure: undefined },
  } as const;
  t.deepEqual(assess(stateWith({ delivery })).reasons, ['the collector is not available: no answer for 12 s']);
});
