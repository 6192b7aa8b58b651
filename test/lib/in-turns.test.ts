import test from 'ava';
import { inTurns, sleepInTurns, TURN_MS } from '../../src/lib/in-turns.js';
import { ManualClock } from '../support/manual-clock.js';

const never = new AbortController().signal;

/** Waits until its turn is over, or for what `come` resolves. */
function turning() {
  const clock = new ManualClock();
  const seen = { turns: 0, waits: 0, come: () => {} };
  const wait = (over: AbortSignal) => {
    seen.waits += 1;
    return new Promise<void>((resolve) => {
      seen.come = resolve;
      over.addEventListener('abort', () => resolve());
    });
  };
  return {
    clock,
    seen,
    wait,
    turned: () => {
      seen.turns += 1;
    },
  };
}

test('a wait is begun anew every five seconds, and told each time', async (t) => {
  const { clock, seen, wait, turned } = turning();
  const waited = inTurns(wait, { clock, turned }, never);
  for (let turn = 1; turn < 5; turn++) {
    t.deepEqual([seen.turns, seen.waits], [turn, turn]);
    await clock.advance(TURN_MS);
  }
  seen.come();
  await waited;
  t.is(seen.turns, 5);
  t.is(clock.sleepers, 0);
});

test('a wait that does not end with its turn is not begun anew: it is stuck', async (t) => {
  const { clock, seen, turned } = turning();
  void inTurns(() => new Promise(() => undefined), { clock, turned }, never);
  for (let turn = 0; turn < 5; turn++) await clock.advance(TURN_MS);
  t.is(seen.turns, 1);
});

test('a stop ends the wait at once', async (t) => {
  const { clock, seen, wait, turned } = turning();
  const stop = new AbortController();
  const waited = inTurns(wait, { clock, turned }, stop.signal);
  stop.abort();
  await waited;
  t.is(seen.turns, 1);
  t.is(clock.sleepers, 0);
});

test('a long sleep is slept in turns, and not longer than asked for', async (t) => {
  const { clock, seen, turned } = turning();
  let awake = false;
  void sleepInTurns(12_000, { clock, turned }, never).then(() => {
    awake = true;
  });
  for (let second = 1; second < 12; second++) await clock.advance(1_000);
  t.deepEqual([awake, seen.turns], [false, 3]);
  await clock.advance(1_000);
  t.true(awake);
});
