import test from 'ava';
import { type Watched, warningMark, watchCertificates } from '../../../src/agent/certificates/expiry.js';
import type { Clock } from '../../../src/lib/clock.js';
import { Problems } from '../../../src/lib/problems.js';
import type { Facts, Report } from '../../../src/model/report.js';

const DAY_MS = 86_400_000;
const END_MS = 100 * DAY_MS;

/** An hour passes at each sleep; after `hours` the watch is told to stop. */
async function watchFor(hours: number, present: (nowMs: number) => readonly Watched[]): Promise<[string, Facts][]> {
  const stop = new AbortController();
  const said: [string, Facts][] = [];
  const say = (message: string, facts: Facts = {}) => void said.push([message, facts]);
  const report: Report = { debug: say, info: say, notice: say, warning: say, error: say };
  let nowMs = 0;
  let slept = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
      slept += 1;
      if (slept === hours) stop.abort();
    },
  };
  const problems = new Problems(clock).of(report);
  await watchCertificates(async () => present(nowMs), { clock, problems }, stop.signal);
  return said;
}

const ours: Watched = {
  kind: 'certificate',
  whose: 'ours',
  fingerprint: 'sha-256:AA',
  validToMs: END_MS,
  remedy: 'renew it',
};

test('a certificate is warned of once at each of 60, 30, 14, 7, 1 and 0 days, and when it has ended', async (t) => {
  const said = await watchFor(24 * 110, () => [ours]);
  t.deepEqual(
    said.map(([, { daysLeft }]) => daysLeft),
    [60, 30, 14, 7, 1, 0, undefined],
  );
  t.is(said.at(-1)?.[0], 'A certificate has expired');
});

test('a revocation list, which is made anew every few weeks, is warned of on its last day', async (t) => {
  const said = await watchFor(24 * 110, () => [{ ...ours, kind: 'revocation-list', whose: 'tls.crl' }]);
  t.deepEqual(
    said.map(([, { daysLeft }]) => daysLeft),
    [1, 0, undefined],
  );
  t.is(said.at(-1)?.[0], 'The revocation list has expired: every collector is refused');
});

test('a renewed certificate is a new one', async (t) => {
  const renewed = { ...ours, fingerprint: 'sha-256:BB', validToMs: END_MS + 400 * DAY_MS };
  const said = await watchFor(24 * 110, (nowMs) => [nowMs < 50 * DAY_MS ? ours : renewed]);
  t.deepEqual(
    said.map(([, { daysLeft }]) => daysLeft),
    [60],
  );
});

test('between two marks the higher one counts', (t) => {
  t.deepEqual(
    [400, 61, 60, 45, 30, 2, 1, 0, -1].map((days) => warningMark(days)),
    [undefined, undefined, 60, 60, 30, 7, 1, 0, -1],
  );
});
