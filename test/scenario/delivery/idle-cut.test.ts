import net, { type AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { Stage } from '../../support/agent.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { collecting } from '../../support/collecting.js';
import { until } from '../../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

/** A balancer that ends a connection on which nothing has passed for `idleMs`. */
async function balancer(t: ExecutionContext, port: number, idleMs: number) {
  const counts = { cuts: 0 };
  const server = net.createServer((client) => {
    const collector = net.connect(port, '127.0.0.1');
    client.pipe(collector).pipe(client);
    const cut = () => {
      counts.cuts += 1;
      client.destroy();
      collector.destroy();
    };
    client.setTimeout(idleMs, cut);
    for (const socket of [client, collector]) socket.on('error', () => undefined);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.teardown(() => void server.close());
  return { port: (server.address() as AddressInfo).port, counts };
}

test('a balancer that cuts idle connections is learnt from its first cut, by one notice', async (t) => {
  const collector = await collecting(t, pki, {});
  const { port, counts } = await balancer(t, collector.port, 4_000);
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port }],
    // Two epochs are short while the level is learnt; those after them would last for minutes.
    delivery: { epochIntervalMs: 100_000 },
  });
  const agent = await stage.start();
  for (let epochs = 1; epochs <= 2; epochs += 1) {
    stage.write(1);
    await until(() => agent.delivery.epochs >= epochs && agent.caughtUp, { what: 'the level to be learnt' });
  }
  stage.write(10);
  await until(() => agent.caughtUp && stage.complete(collector.messages), {
    what: 'the first wave',
    timeoutMs: 60_000,
  });
  const [repeated, cuts] = [agent.delivery.repeated, counts.cuts];
  t.true(repeated > 0 && cuts > 0, 'the first epoch was cut');
  for (let wave = 2; wave <= 3; wave += 1) {
    stage.write(10);
    await until(() => agent.caughtUp && stage.complete(collector.messages), {
      what: `wave ${wave}`,
      timeoutMs: 60_000,
    });
  }
  t.is(agent.delivery.repeated, repeated, 'no epoch was cut after that');
  t.deepEqual(
    agent.said.filter(({ level }) => level === 'warning' || level === 'error').map(({ message }) => message),
    [],
  );
  const notices = agent.said.filter(({ message }) => message.startsWith('A connection was cut while nothing was sent'));
  t.is(notices.length, 1);
  t.regex(String(notices[0]?.facts.remedy), /idle time-out.*epochInterval/);
  await agent.stop();
  t.deepEqual(stage.delivered(collector.messages).lost, []);
});
