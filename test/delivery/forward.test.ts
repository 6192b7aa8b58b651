import test, { type ExecutionContext } from 'ava';
import { CollectorMemories } from '../../src/delivery/collector-memory.js';
import { Forward, type ForwardContext } from '../../src/delivery/forward.js';
import { Outbox } from '../../src/delivery/outbox.js';
import { DELIVERY_TIMES } from '../../src/delivery/times.js';
import { systemFiles } from '../../src/lib/files.js';
import { TURN_MS } from '../../src/lib/in-turns.js';
import { Problems } from '../../src/lib/problems.js';
import { DialFailed } from '../../src/link/dial.js';
import { LinkError } from '../../src/link/refusal.js';
import type { Facts } from '../../src/model/report.js';
import { temporaryDirectory } from '../support/files.js';
import { ManualClock } from '../support/manual-clock.js';
import { silent, silentProblems } from '../support/silent.js';

/** A forward that every collector refuses; `refuse` gives the reason, by the number of the attempt. */
async function refusedForward(t: ExecutionContext, refuse: (attempt: number) => LinkError, random = () => 1) {
  const clock = new ManualClock();
  const seen = { dials: 0, turns: 0, warnings: [] as string[], refused: [] as string[] };
  const report = { ...silent, warning: (_: string, facts: Facts = {}) => void seen.warnings.push(String(facts.code)) };
  const context: ForwardContext = {
    outbox: new Outbox({
      cursor: 0,
      acknowledge: async () => undefined,
      reader: () => ({ next: async () => [], grown: async () => undefined, close: async () => undefined }),
    }),
    backlog: false,
    dialler: {
      dial: async () => {
        seen.dials += 1;
        throw new DialFailed([refuse(seen.dials)]);
      },
      dialWithin: async () => refuse(0),
      dialPreferred: async () => undefined,
      acknowledged: () => undefined,
      unacknowledged: () => undefined,
    },
    memories: await CollectorMemories.open(temporaryDirectory(t), { files: systemFiles, problems: silentProblems }),
    receipts: { add: async () => undefined },
    epoch: { epochBytes: 4 << 20, epochIntervalMs: 30_000 },
    fixedLevel: undefined,
    windowMs: 30_000,
    clock,
    random,
    report,
    problems: new Problems(clock).of(report),
    refused: (error) => void seen.refused.push(error.code),
    times: DELIVERY_TIMES,
    turned: () => {
      seen.turns += 1;
    },
  };
  const forward = new Forward(context);
  const stop = new AbortController();
  const running = forward.run(stop.signal, new AbortController().signal);
  t.teardown(async () => {
    stop.abort();
    await running;
  });
  await clock.advance(0);
  return { forward, clock, seen, stop, running };
}

const refused = () => new LinkError('refused', 'network', 'nothing listens', 'start it');

test('the wait between two attempts doubles from half a second to half a minute', async (t) => {
  const { forward, clock, seen } = await refusedForward(t, refused);
  for (const waitMs of [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    const { link } = forward.state;
    t.is(link.name === 'waiting' && link.untilMs - clock.nowMs(), waitMs);
    const { dials } = seen;
    await clock.advance(waitMs - 1);
    t.is(seen.dials, dials, 'nobody is asked before');
    await clock.advance(1);
    t.is(seen.dials, dials + 1);
  }
});

test('any part of that wait is possible, so that a fleet does not reconnect all at once', async (t) => {
  const { forward, clock } = await refusedForward(t, refused, () => 0.25);
  const { link } = forward.state;
  t.is(link.name === 'waiting' && link.untilMs - clock.nowMs(), 125);
});

test('the same failure is logged once an hour, counted each time, and another one at once', async (t) => {
  const { forward, clock, seen } = await refusedForward(t, (attempt) =>
    attempt === 40 ? new LinkError('no-dns', 'network', 'no answer', '') : refused(),
  );
  while (seen.dials < 39) await clock.advance(30_000);
  t.deepEqual(seen.warnings, ['refused']);
  t.is(forward.state.failures.get('refused'), 39);
  while (seen.dials < 45) await clock.advance(30_000);
  t.deepEqual(seen.warnings, ['refused', 'no-dns']);
  await clock.advance(60 * 60_000);
  t.deepEqual(seen.warnings, ['refused', 'no-dns', 'refused']);
  t.is(forward.state.lastFailure?.hint, 'start it');
});

test('two failures that alternate are logged once an hour each', async (t) => {
  const { clock, seen } = await refusedForward(t, (attempt) =>
    attempt % 2 === 0 ? new LinkError('no-dns', 'network', 'no answer', '') : refused(),
  );
  while (seen.dials < 50) await clock.advance(30_000);
  t.deepEqual(seen.warnings, ['refused', 'no-dns']);
});

test('the collector hears of a refused certificate as often as the log', async (t) => {
  const { clock, seen } = await refusedForward(t, () => new LinkError('our-ca-unknown', 'collector', 'no', ''));
  while (seen.dials < 10) await clock.advance(30_000);
  t.deepEqual(seen.refused, ['our-ca-unknown']);
});

test('waiting for a collector that is down for long is healthy: the loop turns at least every five seconds', async (t) => {
  const { clock, seen } = await refusedForward(t, refused);
  for (let turns = 0, passedMs = 0; passedMs < 600_000; passedMs += TURN_MS) {
    turns = seen.turns;
    await clock.advance(TURN_MS);
    t.true(seen.turns > turns, `after ${passedMs / 1_000} s`);
  }
  t.true(seen.dials > 20);
});

test('an outage lasts from the first try on and keeps what failed first, whatever fails later', async (t) => {
  const { forward, clock, seen } = await refusedForward(t, (attempt) =>
    attempt === 1 ? new LinkError('no-dns', 'network', 'DNS does not answer', '') : refused(),
  );
  const sinceMs = clock.nowMs();
  while (seen.dials < 5) await clock.advance(30_000);
  t.like(forward.state.outage, { sinceMs, failure: { atMs: sinceMs, message: 'DNS does not answer' } });
  t.is(forward.state.lastFailure?.message, 'nothing listens');
});

test('a stop ends the wait at once', async (t) => {
  const { forward, stop, running } = await refusedForward(t, refused);
  stop.abort();
  await running;
  t.deepEqual(forward.state.link, { name: 'stopped' });
});
