import test from 'ava';
import { SHORT_TIMES, Stage } from '../../support/agent.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { collecting } from '../../support/collecting.js';
import type { Behaviour } from '../../support/hostile-behaviour.js';
import { ALERT } from '../../support/tls-alert.js';
import { until } from '../../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

/** What the collector does at first, and the code under which `status` shows it. */
const troubles: [what: string, behaviour: Behaviour, code: string][] = [
  ['accepts and never shakes hands', { handshake: 'never' }, 'no-handshake'],
  ['closes right after the handshake', { handshake: 'then-close' }, 'closed-after-handshake'],
  [
    'refuses our certificate after the handshake of TLS 1.3',
    { tls: 'TLSv1.3', handshake: { refuse: { level: 'fatal', description: ALERT.unknownCa } } },
    'our-ca-unknown',
  ],
  [
    'refuses our certificate in the handshake of TLS 1.2',
    { tls: 'TLSv1.2', handshake: { refuse: { level: 'fatal', description: ALERT.badCertificate } } },
    'our-certificate-refused',
  ],
];
for (const [what, behaviour, code] of troubles) {
  test(`a collector that ${what} is reported, blames no message, and gets everything once it is repaired`, async (t) => {
    const collector = await collecting(t, pki, behaviour);
    const stage = new Stage(t, {
      pki,
      collectors: [{ host: 'localhost', port: collector.port }],
      delivery: { epochIntervalMs: 100 },
      times: { ...SHORT_TIMES, handshakeMs: 500 },
    });
    stage.write(1);
    const agent = await stage.start();
    await until(() => (agent.delivery.failures[code] ?? 0) >= 2, { what: `two times ${code}` });
    const sinceMs = agent.delivery.outage?.sinceMs;
    await until(() => (agent.delivery.failures[code] ?? 0) >= 7, { what: `seven times ${code}` });
    t.truthy(agent.delivery.outage?.failure);
    t.is(agent.delivery.outage?.sinceMs, sinceMs, 'it is one outage, although handshakes may succeed');
    t.is(agent.delivery.stuck, undefined);
    t.is(agent.delivery.acknowledged, 0);
    t.regex(agent.delivery.lastFailure?.message ?? '', /localhost/);
    t.is(agent.said.filter(({ facts }) => facts.code === code).length, 1, 'logged once, not each time');

    collector.behave({});
    stage.write(200);
    await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines' });
    t.is(agent.delivery.outage, undefined);
    await agent.stop();
    const { lost, altered, renamed } = stage.delivered(collector.messages);
    t.deepEqual({ lost, altered, renamed }, { lost: [], altered: [], renamed: [] });
  });
}

test('the collector may show another certificate of the same authority at each connection', async (t) => {
  const identities = [pki.collector, await pki.leaf('ip-only'), pki.collector];
  const collector = await collecting(t, pki, {}, { identities });
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: '127.0.0.1', port: collector.port }],
    delivery: { epochIntervalMs: 100 },
  });
  const agent = await stage.start();
  for (let wave = 1; wave <= 4; wave += 1) {
    stage.write(100);
    await until(() => agent.caughtUp && stage.complete(collector.messages), { what: `wave ${wave}` });
  }
  await agent.stop();
  t.is(stage.delivered(collector.messages).repeatedMessages, 0);
});

test('a certificate that is suddenly for another name gets nothing, and nothing is lost when the right one is back', async (t) => {
  const wrong = await pki.leaf('wrong-name');
  const identities = [pki.collector, pki.collector, wrong, wrong, wrong, pki.collector];
  const collector = await collecting(t, pki, {}, { identities });
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    delivery: { epochIntervalMs: 100 },
    times: SHORT_TIMES,
  });
  const agent = await stage.start();
  for (let wave = 1; wave <= 4; wave += 1) {
    stage.write(100);
    await until(() => agent.caughtUp && stage.complete(collector.messages), { what: `wave ${wave}` });
  }
  await agent.stop();
  t.true((agent.delivery.failures['wrong-name'] ?? 0) >= 1);
  t.deepEqual(stage.delivered(collector.messages).lost, []);
});
