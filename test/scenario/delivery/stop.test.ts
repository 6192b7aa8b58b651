import test from 'ava';
import { Stage } from '../../support/agent.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { collecting } from '../../support/collecting.js';
import type { Behaviour } from '../../support/hostile-behaviour.js';
import { until } from '../../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

test('a stop in the middle of a backlog repeats nothing after the restart', async (t) => {
  const collector = await collecting(t, pki);
  const stage = new Stage(t, { pki, collectors: [{ host: 'localhost', port: collector.port }] });
  stage.write(20_000);
  for (let start = 1; start <= 3; start += 1) {
    const agent = await stage.start();
    const { length } = collector.messages;
    await until(() => collector.messages.length > length, { what: 'lines to arrive' });
    await agent.stop();
    t.is(agent.delivery.acknowledged, agent.delivery.sent, 'what was sent is acknowledged');
    stage.write(1_000);
  }
  const last = await stage.start();
  await until(() => last.caughtUp && stage.complete(collector.messages), { what: 'all lines' });
  await last.stop();

  const { lost, repeatedMessages, holes, disordered } = stage.delivered(collector.messages);
  t.deepEqual(
    { lost, repeatedMessages, holes, disordered },
    { lost: [], repeatedMessages: 0, holes: [], disordered: 0 },
  );
});

const silent: [what: string, behaviour: Behaviour][] = [
  ['never answers', { close: 'never' }],
  ['reads nothing', { read: 'nothing' }],
  ['never shakes hands', { handshake: 'never' }],
];
for (const [what, behaviour] of silent) {
  test(`a stop while the collector ${what} is bounded, and the rest is kept`, async (t) => {
    const collector = await collecting(t, pki, behaviour);
    const stage = new Stage(t, {
      pki,
      collectors: [{ host: 'localhost', port: collector.port }],
      times: { stopMs: 500 },
    });
    stage.write(1_000);
    const agent = await stage.start();
    await until(() => agent.state.counts.lines === 1_000 && collector.counts.connections > 0, { what: 'a connection' });
    await agent.stop();
    t.is(agent.delivery.acknowledged, 0);

    collector.behave({});
    const again = await stage.start();
    await until(() => again.caughtUp && stage.complete(collector.messages), { what: 'all lines' });
    await again.stop();
    const { lost, altered, renamed, holes } = stage.delivered(collector.messages);
    t.deepEqual({ lost, altered, renamed, holes }, { lost: [], altered: [], renamed: [], holes: [] });
  });
}
