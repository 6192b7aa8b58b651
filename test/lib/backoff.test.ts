import test from 'ava';
import fc from 'fast-check';
import { backoffMs, Pauses } from '../../src/lib/backoff.js';
import { ManualClock } from '../support/manual-clock.js';

const never = new AbortController().signal;

test('the first try comes at once, the next ones later and later', async (t) => {
  const clock = new ManualClock();
  const pauses = new Pauses(clock);
  const waits: number[] = [];
  for (let tries = 1; tries <= 9; tries += 1) {
    const from = clock.monotonicMs();
    let over = false;
    const waiting = pauses.over(never).then(() => {
      over = true;
    });
    for (await clock.advance(0); !over; await clock.advance(100));
    await waiting;
    waits.push(clock.monotonicMs() - from);
    pauses.begin();
  }
  t.deepEqual(waits, [0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000]);
});

test('a pause that is broken off again and again still has its end', async (t) => {
  const clock = new ManualClock();
  const pauses = new Pauses(clock);
  for (let tries = 1; tries <= 9; tries += 1) pauses.begin();
  for (let seconds = 1; seconds <= 10; seconds += 1) {
    const nudge = new AbortController();
    const waiting = pauses.over(nudge.signal);
    await clock.advance(1000);
    nudge.abort();
    await waiting;
  }
  const sleepers = clock.sleepers;
  const waiting = pauses.over(never);
  await clock.advance(0);
  await waiting;
  t.is(sleepers, 0);
});

const options = { initialMs: 500, maxMs: 30_000 };

test('the wait doubles with each failure up to its maximum', (t) => {
  const longest = [0, 1, 2, 6, 7, 1000].map((attempt) => backoffMs(attempt, options, () => 1));
  t.deepEqual(longest, [500, 1000, 2000, 30_000, 30_000, 30_000]);
});

test('any wait from nothing to the maximum is possible, so that a fleet does not come back in step', (t) => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
      const ms = backoffMs(attempt, options, () => chance);
      t.true(ms >= 0 && ms <= 30_000);
      t.is(ms, chance * backoffMs(attempt, options, () => 1));
    }),
  );
});
