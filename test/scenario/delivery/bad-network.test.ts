import test, { type ExecutionContext } from 'ava';
import { SHORT_TIMES, Stage, type StageOptions } from '../../support/agent.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { collecting } from '../../support/collecting.js';
import { TcpProxy } from '../../support/proxy.js';
import { until } from '../../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

async function behindProxy(t: ExecutionContext, times: StageOptions['times'] = {}) {
  const collector = await collecting(t, pki);
  const proxy = await TcpProxy.listen(collector.port);
  t.teardown(() => proxy.close());
  const collectors = [{ host: 'localhost', port: proxy.port }];
  const stage = new Stage(t, { pki, collectors, delivery: { epochIntervalMs: 100 }, times });
  return { collector, proxy, stage };
}

test('a network that swallows everything is found out, and nothing is lost when it is back', async (t) => {
  const { collector, proxy, stage } = await behindProxy(t, SHORT_TIMES);
  const agent = await stage.start();
  stage.write(100);
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'the first lines' });

  proxy.weather = { blackHole: true };
  stage.write(5_000);
  await until(() => agent.delivery.lastFailure, { what: 'the black hole to be found' });
  const { acknowledged } = agent.delivery;
  t.true(acknowledged < 5_000);

  proxy.cut();
  proxy.weather = {};
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines', timeoutMs: 60_000 });
  await agent.stop();
  const { lost, altered, renamed } = stage.delivered(collector.messages);
  t.deepEqual({ lost, altered, renamed }, { lost: [], altered: [], renamed: [] });
});

test('a line written on an idle connection that the network has forgotten arrives', async (t) => {
  const { collector, proxy, stage } = await behindProxy(t, SHORT_TIMES);
  const agent = await stage.start();
  stage.write(1);
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'the first line' });

  // As a firewall does that has lost its table: what it knows no more it drops, new connections it lets through.
  proxy.forget();
  stage.write(1);
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'the second line' });
  await agent.stop();
  t.regex(agent.delivery.lastFailure?.message ?? '', /did not answer our close_notify, though it has acknowledged by/);
  t.deepEqual(stage.delivered(collector.messages).lost, []);
});

for (const bytes of [1_500, 5_000, 50_000]) {
  test(`a network that cuts each connection after ${bytes} octets lets everything through in the end`, async (t) => {
    const { collector, proxy, stage } = await behindProxy(t, {
      ...SHORT_TIMES,
      quietMs: 10,
      signOfLifeMs: 10,
      resetMs: 10,
      backoff: { initialMs: 1, maxMs: 5 },
    });
    stage.write(100);
    proxy.weather = { cutAfterBytes: bytes };
    const agent = await stage.start();
    await until(() => (agent.delivery.lastFailure !== undefined && proxy.connections >= 10) || agent.caughtUp, {
      what: 'cuts',
    });
    proxy.weather = {};
    await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines' });
    await agent.stop();
    const { lost, altered, renamed } = stage.delivered(collector.messages);
    t.deepEqual({ lost, altered, renamed }, { lost: [], altered: [], renamed: [] });
  });
}

test('a slow network repeats nothing', async (t) => {
  const { collector, proxy, stage } = await behindProxy(t);
  proxy.weather = { delayMs: 60 };
  const agent = await stage.start();
  for (let wave = 1; wave <= 3; wave += 1) {
    stage.write(1_000);
    await until(() => agent.caughtUp && stage.complete(collector.messages), { what: `wave ${wave}` });
  }
  await agent.stop();
  t.is(stage.delivered(collector.messages).repeatedMessages, 0);
});
