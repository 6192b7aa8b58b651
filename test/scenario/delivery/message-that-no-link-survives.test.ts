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

for (const how of ['reset', 'fin', 'close-notify'] as const) {
  test(`one message at which the collector ends each link by ${how} is named, tried again and never skipped`, async (t) => {
    const collector = await collecting(t, pki, { drop: { text: 'line 150 of', how } });
    const stage = new Stage(t, {
      pki,
      collectors: [{ host: 'localhost', port: collector.port }],
      delivery: { epochIntervalMs: 100 },
      seal: 'off',
      times: { ...SHORT_TIMES, signOfLifeMs: 50, resetMs: 50, backoff: { initialMs: 5, maxMs: 20 } },
    });
    stage.write(300);
    const agent = await stage.start();
    const stuck = await until(() => agent.delivery.stuck, { what: 'the message to be named', timeoutMs: 60_000 });
    const before = stage.delivered(collector.messages);
    t.is(before.lost[0], 150, 'everything before it has arrived');
    t.is(before.lost.length, 151);
    t.is(stuck.path, stage.log);
    t.is(stuck.offset, 149 * 101);
    t.is(stuck.run, agent.state.run);
    // The first message of the run says that the agent started.
    t.is(stuck.seq, 151);
    t.is(agent.said.filter(({ level }) => level === 'error').length, 1);
    const { connections } = collector.counts;
    await until(() => collector.counts.connections > connections, { what: 'another try' });
    t.not(agent.delivery.stuck, undefined);

    collector.behave({});
    await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'the rest to arrive' });
    await agent.stop();
    t.is(agent.delivery.stuck, undefined);
    const { altered, renamed } = stage.delivered(collector.messages);
    t.deepEqual({ altered, renamed }, { altered: [], renamed: [] });
  });
}
