import test from 'ava';
import { Health, STUCK_MS } from '../../src/agent/watchdog.js';
import { RESOLVER_MS } from '../../src/delivery/times.js';
import { TURN_MS } from '../../src/lib/in-turns.js';
import type { Report } from '../../src/model/report.js';
import { ManualClock } from '../support/manual-clock.js';
import { silent } from '../support/silent.js';

function watched(t: { teardown(undo: () => void): void }) {
  const clock = new ManualClock();
  const seen = { nudges: 0, said: [] as string[] };
  const say = (message: string, facts: object = {}) => void seen.said.push(`${message} ${JSON.stringify(facts)}`);
  const report: Report = { ...silent, error: say, notice: say };
  const health = new Health(clock, report);
  const stop = new AbortController();
  void health.watch(() => {
    seen.nudges += 1;
  }, stop.signal);
  t.teardown(() => stop.abort());
  return { clock, health, seen };
}

test('a loop that turns is well, however long', async (t) => {
  const { clock, health, seen } = watched(t);
  for (let turn = 0; turn < 1_000; turn++) {
    health.turned('ingest');
    await clock.advance(TURN_MS);
    t.deepEqual(health.stuck, []);
  }
  t.is(seen.nudges, 1_000, 'its waits are ended as often');
  t.deepEqual(seen.said, []);
});

test('a loop that has not turned for a minute is stuck; that is told once, and that it is over', async (t) => {
  const { clock, health, seen } = watched(t);
  health.turned('ingest');
  for (let passedMs = 0; passedMs <= STUCK_MS + 3 * TURN_MS; passedMs += TURN_MS) {
    health.turned('forward');
    t.deepEqual(health.stuck, passedMs > STUCK_MS ? ['ingest'] : []);
    await clock.advance(TURN_MS);
  }
  t.is(seen.said.length, 1);
  t.regex(seen.said[0] ?? '', /does not turn.*"loop":"ingest","forSeconds":60,"remedy"/);

  health.turned('ingest');
  await clock.advance(TURN_MS);
  t.deepEqual(health.stuck, []);
  t.is(seen.said[1], 'The loop turns again {"loop":"ingest"}');
});

test('a step that may take longer is given its time, and no more', async (t) => {
  const { clock, health } = watched(t);
  health.turned('forward', RESOLVER_MS);
  await clock.advance(RESOLVER_MS);
  t.deepEqual(health.stuck, []);
  await clock.advance(1);
  t.deepEqual(health.stuck, ['forward']);
});

test('a loop that has ended is not waited for', async (t) => {
  const { clock, health } = watched(t);
  health.turned('default log');
  health.ended();
  await clock.advance(10 * STUCK_MS);
  t.deepEqual(health.stuck, []);
});
