/** A firewall that drops every packet to the collector: a connection is neither made nor refused, each try only ends by its time limit. */
import test from 'ava';
import { assess } from '../../../src/cli/status/verdict.js';
import { systemNetwork } from '../../../src/lib/network.js';
import { SHORT_TIMES, Stage } from '../../support/agent.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { collecting } from '../../support/collecting.js';
import { until } from '../../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

test('while packets are dropped the verdict is WAITING, without a break, until a connection stands', async (t) => {
  const collector = await collecting(t, pki);
  let isOpen = false;
  const connect: typeof systemNetwork.connect = (to, signal) =>
    isOpen
      ? systemNetwork.connect(to, signal)
      : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    times: { ...SHORT_TIMES, connectMs: 150 },
    network: { ...systemNetwork, connect },
  });
  stage.write(10);
  const agent = await stage.start();
  await until(() => agent.delivery.outage?.failure, { what: 'the first attempt to fail' });
  const seen = new Map<string, Set<string>>();
  const look = () => {
    const { verdict } = assess(agent.state);
    seen.set(agent.delivery.link.name, (seen.get(agent.delivery.link.name) ?? new Set()).add(verdict));
  };
  await until(
    () => {
      look();
      return Object.values(agent.delivery.failures).some((times) => times >= 4);
    },
    { what: 'more attempts to fail', everyMs: 5 },
  );
  t.deepEqual([...seen.keys()].toSorted(), ['connecting', 'waiting']);
  for (const [state, verdicts] of seen) t.deepEqual([...verdicts], ['WAITING'], state);

  isOpen = true;
  await until(() => stage.complete(collector.messages), { what: 'all lines' });
  await until(() => assess(agent.state).verdict === 'OK', { what: 'the end of the outage' });
});
