/** The collector's certificate ends at night, and somebody renews it in the morning. */
import test from 'ava';
import { writeKey } from '../../../src/pki/files/keys.js';
import { pemOf } from '../../../src/pki/inspect.js';
import { SHORT_TIMES, Stage } from '../../support/agent.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { collecting } from '../../support/collecting.js';
import { craft } from '../../support/crafted.js';
import { until } from '../../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

const LASTS_S = 4;

test('a certificate of the collector that ends is told of, tried again, and recovered from without help or loss', async (t) => {
  const collector = await collecting(t, pki);
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    delivery: { epochIntervalMs: 100 },
    times: SHORT_TIMES,
  });
  const { certificate, key } = await craft({
    name: 'hie.example.org',
    issuer: pki.authority,
    authority: false,
    keyUsage: ['digitalSignature'],
    purposes: ['server'],
    dns: ['localhost'],
    until: LASTS_S / 86_400,
  });
  const endsMs = Date.parse(certificate.validTo);
  collector.show({ cert: pemOf(certificate), key: writeKey(key) });
  const agent = await stage.start();

  stage.write(100);
  // On a machine that takes its time it may have ended before the first link.
  await until(() => stage.complete(collector.messages) || Date.now() > endsMs, { what: 'the evening’s lines' });
  await until(() => Date.now() > endsMs, { what: 'midnight' });
  stage.write(100);
  const failures = () => agent.delivery.failures['their-certificate-expired'] ?? 0;
  await until(() => failures() >= 5, { what: 'five attempts' });

  const told = agent.said.filter(({ facts }) => facts.code === 'their-certificate-expired');
  t.is(told.length, 1, 'told once, not at each attempt');
  t.regex(String(told[0]?.facts.reason), /^localhost:\d+ \(127\.0\.0\.1\): the collector’s certificate has expired$/);
  t.regex(String(told[0]?.facts.remedy), /its operator must renew it; the agent retries until then/);
  t.is(agent.delivery.link.name === 'connected', false);
  t.is(agent.delivery.stuck, undefined);
  stage.write(100);

  collector.show(pki.collector);
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines' });
  await until(() => agent.said.some(({ message }) => message === 'Forwarding works again'), { what: 'the good news' });
  await agent.stop();
  const { lost, altered, renamed, holes } = stage.delivered(collector.messages);
  t.deepEqual({ lost, altered, renamed, holes }, { lost: [], altered: [], renamed: [], holes: [] });
});
