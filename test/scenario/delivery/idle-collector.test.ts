import test from 'ava';
import { SHORT_TIMES, Stage } from '../../support/agent.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { collecting } from '../../support/collecting.js';
import type { Hangup } from '../../support/hostile-behaviour.js';
import { until } from '../../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

for (const how of ['close-notify', 'fin', 'reset'] satisfies Hangup[]) {
  test(`one line arrives although the collector had closed the idle connection by ${how}`, async (t) => {
    const collector = await collecting(t, pki, { idle: { afterMs: 800, how } });
    const stage = new Stage(t, {
      pki,
      collectors: [{ host: 'localhost', port: collector.port }],
      delivery: { epochIntervalMs: 100 },
      times: { ...SHORT_TIMES, stallMs: 5_000 },
    });
    const agent = await stage.start();
    stage.write(10);
    await until(() => agent.delivery.link.name === 'idle' && stage.complete(collector.messages), {
      what: 'the collector to close the idle connection',
    });
    t.is(agent.delivery.acknowledged, agent.delivery.sent);
    const { connections } = collector.counts;

    stage.write(1);
    await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'the line' });
    await until(() => agent.delivery.link.name === 'idle', { what: 'the second close' });

    t.deepEqual(agent.delivery.failures, {}, 'an idle collector that closes is no failure');
    t.true(collector.counts.connections - connections <= 2, 'nobody connects without something to say');
    t.is(stage.delivered(collector.messages).repeatedMessages, 0);
  });
}
