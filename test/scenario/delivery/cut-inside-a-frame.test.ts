import test from 'ava';
import { SHORT_TIMES, Stage } from '../../support/agent.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { collecting } from '../../support/collecting.js';
import { until } from '../../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

test('connections that are cut inside a frame, again and again, lose nothing and mix nothing up', async (t) => {
  // An odd number of octets, so that the cut moves through the frames.
  const collector = await collecting(t, pki, { cut: { afterBytes: 20_011, how: 'reset' } });
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    delivery: { epochIntervalMs: 100 },
    times: {
      ...SHORT_TIMES,
      signOfLifeMs: 20,
      resetMs: 20,
      backoff: { initialMs: 2, maxMs: 5 },
      stallMs: 10_000,
      quietMs: 20,
    },
  });
  stage.write(3_000);
  const agent = await stage.start();
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines', timeoutMs: 90_000 });
  await agent.stop();

  const { lost, altered, renamed, foreign, holes } = stage.delivered(collector.messages);
  t.deepEqual(
    { lost, altered, renamed, foreign, holes },
    { lost: [], altered: [], renamed: [], foreign: 0, holes: [] },
  );
  t.is(agent.delivery.stuck, undefined);
  t.true(collector.counts.connections > 20);
});

test('a cut at each single message still lets the next one through', async (t) => {
  const collector = await collecting(t, pki, { cut: { afterBytes: 700, how: 'reset' } });
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    // A seal's certificates would not pass.
    seal: 'off',
    delivery: { epochIntervalMs: 100 },
    times: {
      ...SHORT_TIMES,
      signOfLifeMs: 10,
      resetMs: 10,
      backoff: { initialMs: 2, maxMs: 5 },
      stallMs: 10_000,
      quietMs: 10,
    },
  });
  stage.write(40);
  const agent = await stage.start();
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines', timeoutMs: 60_000 });
  await agent.stop();
  const { lost, altered, holes } = stage.delivered(collector.messages);
  t.deepEqual({ lost, altered, holes }, { lost: [], altered: [], holes: [] });
});
