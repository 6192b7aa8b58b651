import test from 'ava';
import { Pauses } from '../../src/journal/pauses.js';
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
