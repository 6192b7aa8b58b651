import test from 'ava';
import { Signal } from '../../src/lib/signal.js';
import { ManualClock } from '../support/manual-clock.js';

const never = new AbortController().signal;

test('a notification ends every wait', async (t) => {
  const signal = new Signal(new ManualClock());
  const waits = [signal.wait(never), signal.wait(never, 1_000)];
  signal.notify();
  await Promise.all(waits);
  t.pass();
});

test('a notification that nobody waits for ends the next wait, and only that one', async (t) => {
  const clock = new ManualClock();
  const signal = new Signal(clock);
  signal.notify();
  signal.notify();
  await signal.wait(never);
  let ended = false;
  const second = signal.wait(never, 50).then(() => {
    ended = true;
  });
  await clock.advance(49);
  t.false(ended);
  await clock.advance(1);
  await second;
  t.true(ended);
});

test('an abort ends a wait, and one that comes after it', async (t) => {
  const signal = new Signal(new ManualClock());
  const abort = new AbortController();
  const wait = signal.wait(abort.signal);
  abort.abort();
  await wait;
  await signal.wait(abort.signal);
  t.pass();
});
