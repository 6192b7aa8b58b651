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

test('a collector that reads nothing proves nothing while it has not taken all, and gets everything when it reads', async (t) => {
  const collector = await collecting(t, pki, { read: 'nothing' });
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    delivery: { epochIntervalMs: 100 },
    times: SHORT_TIMES,
  });
  stage.write(60_000);
  const agent = await stage.start();
  await until(() => agent.delivery.failures.unacknowledged ?? agent.delivery.failures.stalled, { what: 'a failure' });
  t.is(agent.delivery.acknowledged, 0);

  collector.behave({});
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines', timeoutMs: 60_000 });
  await agent.stop();
  const { lost, altered, renamed } = stage.delivered(collector.messages);
  t.deepEqual({ lost, altered, renamed }, { lost: [], altered: [], renamed: [] });
});

test('a collector that takes an octet at a time does not stop the reading of the log', async (t) => {
  const collector = await collecting(t, pki, { read: { bytesPerSecond: 20 } });
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    delivery: { epochIntervalMs: 100 },
    times: SHORT_TIMES,
  });
  const agent = await stage.start();
  stage.write(20_000);
  await until(() => agent.state.journal.messagesWaiting >= 20_000, { what: 'the log to be read into the journal' });
  t.is(agent.state.counts.lines, 20_000);

  collector.behave({});
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines', timeoutMs: 60_000 });
  await agent.stop();
  t.deepEqual(stage.delivered(collector.messages).lost, []);
});
