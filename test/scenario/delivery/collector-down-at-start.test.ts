import test from 'ava';
import { SHORT_TIMES, Stage } from '../../support/agent.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { freePort } from '../../support/free-port.js';
import { HostileCollector } from '../../support/hostile-collector.js';
import { until } from '../../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

test('what was written while no collector was there arrives once when it comes', async (t) => {
  const port = await freePort();
  const { backoff } = SHORT_TIMES;
  const stage = new Stage(t, { pki, collectors: [{ host: 'localhost', port }], times: { backoff } });
  stage.write(500);
  const agent = await stage.start();
  stage.write(500);
  await until(() => (agent.delivery.failures.refused ?? 0) >= 3, { what: 'three refused connections' });

  const collector = await HostileCollector.listen({ port, ca: pki.ca, identities: [pki.collector] });
  t.teardown(() => collector.close());
  stage.write(500);
  await until(() => stage.complete(collector.messages), { what: 'all lines to arrive' });
  await agent.stop();

  const { lost, repeatedMessages, holes, disordered } = stage.delivered(collector.messages);
  t.deepEqual(
    { lost, repeatedMessages, holes, disordered },
    { lost: [], repeatedMessages: 0, holes: [], disordered: 0 },
  );
  t.is(agent.delivery.lastLevel, 'close-notify');
  t.is(agent.delivery.repeated, 0);
});
