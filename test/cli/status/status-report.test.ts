import { readFileSync } from 'node:fs';
import test from 'ava';
import type { AgentState } from '../../../src/agent/state.js';
import { reportOf } from '../../../src/cli/status/status-report.js';
import { thisPackage } from '../../support/package.js';
import { NOW_MS, stateWith, WELL } from '../../support/sample-state.js';

/** Groups whose own keys are words of the moment, not of the format. */
const OPEN = ['delivery.failures', 'problems[].facts'];

/** `sources[].name` and the like; a peer is a peer wherever it stands. */
function* keysOf(value: unknown, path = ''): Iterable<string> {
  if (Array.isArray(value)) {
    if (value.length === 0) yield `${path}[]`;
    for (const each of value) yield* keysOf(each, `${path}[]`);
  } else if (typeof value === 'object' && value !== null && !OPEN.includes(path)) {
    for (const [name, inner] of Object.entries(value)) yield* keysOf(inner, path === '' ? name : `${path}.${name}`);
  } else {
    yield path.replace(/^delivery\.(link\.peer|lastPeer)\./, '….');
  }
}

const FAILURE = { atMs: NOW_MS, message: 'nothing listens', hint: 'start it', refused: false };

/** States in which every key that there can be is there. */
const STATES: readonly AgentState[] = [
  WELL,
  stateWith({
    files: [{ ...WELL.files[0]!, code: 'EACCES' }],
    ownTails: ['/var/log/own.log'],
    stuckLoops: ['ingest'],
    journal: { oldestUnacknowledgedAtMs: NOW_MS, limit: 'disk', failed: 'it cannot be written' },
    delivery: {
      link: { name: 'waiting', attempt: 1, untilMs: NOW_MS, reason: 'nothing listens' },
      outage: { sinceMs: NOW_MS, failure: FAILURE },
      lastFailure: FAILURE,
      stuck: { run: 'ff', seq: 1, path: '/var/log/a.log', offset: 0 },
    },
    problems: [
      {
        key: 'it',
        level: 'error',
        message: 'It fails',
        facts: { code: 'x' },
        remedy: 'mend it',
        sinceMs: NOW_MS - 1,
        atMs: NOW_MS,
        overMs: NOW_MS,
        times: 1,
      },
    ],
  }),
];

test('the keys of the JSON are those that the documentation names, and no others', (t) => {
  const silence = { verdict: 'PROBLEM', reason: 'its disk is full', remedy: 'free some' } as const;
  const presences = [{ name: 'present' }, { name: 'absent' }, { name: 'silent', pid: 1, ...silence }] as const;
  const reports = STATES.flatMap((state) => presences.map((presence) => reportOf(state, presence)));
  const printed = reports.map((report) => JSON.parse(JSON.stringify(report)));
  const keys = new Set(printed.flatMap((report) => [...keysOf(report)]));
  // An empty list has nothing within it, and groups are named by what is in them.
  const whole = [...keys].filter(
    (key) => !key.endsWith('[]') || ![...keys].some((other) => other.startsWith(`${key}.`)),
  );
  const page = readFileSync(new URL('docs/observability/status-json.md', thisPackage), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((row) => row.split(' | ')[0]!.match(/`[^`]+`/g) ?? []).map((name) => name.slice(1, -1));
  const groups = ['delivery.link.peer', 'delivery.lastPeer'];
  t.deepEqual(named.filter((name) => !groups.includes(name)).toSorted(), whole.toSorted());
});

test('the verdict stands before everything else', (t) => {
  t.deepEqual(Object.keys(reportOf(WELL, { name: 'present' })).slice(0, 4), [
    'schema',
    'running',
    'verdict',
    'reasons',
  ]);
});
