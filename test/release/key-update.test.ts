/** New keys in the middle of a connection (RFC 8446 section 4.6.3), as collectors ask for them that live long or write much. */
import test from 'ava';
import { Stage } from '../support/agent.js';
import { makeTestPki } from '../support/certificates.js';
import { SServer } from '../support/s-server.js';
import { until } from '../support/wait.js';

const DONE = 'SSL_do_handshake -> 1';

test('a collector that asks for new keys in the middle of an epoch gets every line once', async (t) => {
  const pki = await makeTestPki();
  t.teardown(() => pki.remove());
  const server = await SServer.start({ pki, talkative: true, args: ['-tls1_3'] });
  t.teardown(() => server.stop());
  const said = async () => (await server.stored()).toString('latin1');
  const stored = async () =>
    [...(await said()).matchAll(/\] line (\d+) of the audit trail/g)].map(([, at]) => Number(at));
  const allStored = async () => (await stored()).length >= stage.written;
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: server.port }],
    delivery: { epochIntervalMs: 1_000 },
    times: { nextLinkMs: 500 },
  });
  const agent = await stage.start();

  for (let round = 1; round <= 3; round += 1) {
    stage.write(100);
    await until(allStored, { what: `round ${round} to be stored` });
    const updates = (await said()).split(DONE).length;
    server.command('K');
    await until(async () => (await said()).split(DONE).length > updates, { what: 'the request for new keys' });
    stage.write(100);
    await until(allStored, { what: 'what was written under the new keys to be stored' });
    await until(() => agent.caughtUp, { what: 'the acknowledgement' });
  }
  await agent.stop();

  t.deepEqual(
    await stored(),
    Array.from({ length: stage.written }, (_, index) => index + 1),
  );
  t.is(agent.delivery.lastLevel, 'close-notify');
  t.deepEqual(agent.delivery.failures, {});
});
