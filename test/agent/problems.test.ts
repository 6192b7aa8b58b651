import test from 'ava';
import { Problems } from '../../src/agent/problems.js';
import { ManualClock } from '../support/manual-clock.js';
import { silent } from '../support/silent.js';

function kept() {
  const clock = new ManualClock(0);
  const problems = new Problems(clock);
  const passed: string[] = [];
  const report = {
    ...silent,
    warning: (message: string) => void passed.push(message),
    child: (part: string) => ({ ...report, warning: (message: string) => void passed.push(`${part}: ${message}`) }),
  };
  return { clock, problems, passed, report: problems.through(report) };
}

test('warnings and errors are kept with their time and remedy, whichever part tells them, and go on to the log', async (t) => {
  const { clock, problems, passed, report } = kept();
  report.info('Started');
  report.child('link').warning('Forwarding failed', { code: 'refused', remedy: 'start it' });
  await clock.advance(1_000);
  report.error('The journal cannot be written', { hint: 'make room' });
  t.deepEqual(problems.last, [
    { atMs: 1_000, level: 'error', message: 'The journal cannot be written', facts: {}, remedy: 'make room', times: 1 },
    {
      atMs: 0,
      level: 'warning',
      message: 'Forwarding failed',
      facts: { code: 'refused' },
      remedy: 'start it',
      times: 1,
    },
  ]);
  t.deepEqual(passed, ['link: Forwarding failed']);
});

test('the same problem again is one problem, counted; another matter of the same kind is another', async (t) => {
  const { clock, problems, report } = kept();
  report.warning('Cannot read', { file: '/a', bytes: 1 });
  await clock.advance(1_000);
  report.warning('Cannot read', { file: '/b', bytes: 1 });
  report.warning('Cannot read', { file: '/a', bytes: 2 });
  t.deepEqual(
    problems.last.map(({ facts, times, atMs }) => [facts.file, facts.bytes, times, atMs]),
    [
      ['/a', 2, 2, 1_000],
      ['/b', 1, 1, 1_000],
    ],
  );
});

test('of more than three the oldest goes', (t) => {
  const { problems, report } = kept();
  for (const file of ['/a', '/b', '/c', '/d']) report.warning('Cannot read', { file });
  t.deepEqual(
    problems.last.map(({ facts }) => facts.file),
    ['/d', '/c', '/b'],
  );
});
