import test from 'ava';
import { STUCK_MS, Watchdog } from '../../src/agent/watchdog.js';
import { RESOLVER_MS } from '../../src/delivery/times.js';
import { TURN_MS } from '../../src/lib/in-turns.js';
import { Problems } from '../../src/lib/problems.js';
import type { Report } from '../../src/model/report.js';
import { ManualClock } from '../support/manual-clock.js';
import { silent } from '../support/silent.js';

function watched(t: { teardown(undo: () => void): void }) {
  const clock = new ManualClock();
  const seen = { nudges: 0, said: [] as string[] };
  const say = (message: string, facts: object = {}) => void seen.said.push(`${message} ${JSON.stringify(facts)}`);
  const report: Report = { ...silent, error: say, notice: say };
  const watchdog = new Watchdog({ clock, problems: new Problems(clock).of(report) });
  const stop = new AbortController();
  void watchdog.watch(() => {
    seen.nudges += 1;
  }, stop.signal);
  t.teardown(() => stop.abort());
  return { clock, watchdog, seen };
}

test('a loop that turns is well, however long', async (t) => {
  const { clock, watchdog, seen } = watched(t);
  for (let turn = 0; turn < 1_000; turn++) {
    watchdog.turned('ingest');
    await clock.advance(TURN_MS);
    t.deepEqual(watchdog.stuck, []);
  }
  t.is(seen.nudges, 1_000, 'its waits are ended as often');
  t.deepEqual(seen.said, []);
});

test('a loop that has not turned for a minute is stuck; that is told once, and that it is over', async (t) => {
  const { clock, watchdog, seen } = watched(t);
  watchdog.turned('ingest');
  for (let passedMs = 0; passedMs <= STUCK_MS + 3 * TURN_MS; passedMs += TURN_MS) {
    watchdog.turned('forward');
    t.deepEqual(watchdog.stuck, passedMs > STUCK_MS ? ['ingest'] : []);
    await clock.advance(TURN_MS);
  }
  t.is(seen.said.length, 1);
  t.regex(seen.said[0] ?? '', /A loop of the agent hangs.*"loop":"ingest","forSeconds":60,"remedy"/);

  watchdog.turned('ingest');
  await clock.advance(TURN_MS);
  t.deepEqual(watchdog.stuck, []);
  t.is(seen.said[1], 'The loop of the agent turns again {"loop":"ingest"}');
});

test('a step that may take longer is given its time, and no more', async (t) => {
  const { clock, watchdog } = watched(t);
  watchdog.turned('forward', RESOLVER_MS);
  await clock.advance(RESOLVER_MS);
  t.deepEqual(watchdog.stuck, []);
  await clock.advance(1);
  t.deepEqual(watchdog.stuck, ['forward']);
});

test('a loop that has ended is not waited for', async (t) => {
  const { clock, watchdog } = watched(t);
  watchdog.turned('default log');
  watchdog.ended();
  await clock.advance(10 * STUCK_MS);
  t.deepEqual(watchdog.stuck, []);
});
