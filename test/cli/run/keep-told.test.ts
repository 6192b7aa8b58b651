import test from 'ava';
import { keepTold } from '../../../src/cli/run/keep-told.js';
import { ManualClock } from '../../support/manual-clock.js';

function told(t: { teardown(undo: () => void): void }, watchdogMs: number | undefined) {
  const clock = new ManualClock();
  const heard: string[] = [];
  const now = { line: 'OK', stuck: [] as string[] };
  const ignore = () => undefined;
  const notifier = {
    watchdogMs,
    ready: ignore,
    reloading: ignore,
    stopping: ignore,
    settled: async () => undefined,
    status: (status: string) => void heard.push(status),
    watchdog: () => void heard.push('alive'),
  };
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  void keepTold(notifier, { line: () => now.line, stuck: () => now.stuck }, clock, stop.signal);
  return { clock, heard, now };
}

test('the watchdog hears nothing while a loop is stuck, and again when it turns', async (t) => {
  const { clock, heard, now } = told(t, 30_000);
  t.deepEqual(heard.splice(0), ['OK', 'alive']);
  await clock.advance(10_000);
  t.deepEqual(heard.splice(0), ['alive']);
  now.stuck = ['ingest'];
  now.line = 'PROBLEM: stuck';
  await clock.advance(10_000);
  await clock.advance(10_000);
  t.deepEqual(heard.splice(0), ['PROBLEM: stuck']);
  now.stuck = [];
  await clock.advance(10_000);
  t.deepEqual(heard, ['alive']);
});

test('an impatient watchdog is heeded', async (t) => {
  const { clock, heard } = told(t, 500);
  heard.length = 0;
  for (let turn = 0; turn < 4; turn++) await clock.advance(500);
  t.deepEqual(heard, ['alive', 'alive', 'alive', 'alive']);
});

test('without a watchdog there is only the line, and only when it says something new', async (t) => {
  const { clock, heard, now } = told(t, undefined);
  for (let turn = 0; turn < 4; turn++) await clock.advance(10_000);
  now.line = 'OK: sent 1';
  await clock.advance(10_000);
  t.deepEqual(heard, ['OK', 'OK: sent 1']);
});
