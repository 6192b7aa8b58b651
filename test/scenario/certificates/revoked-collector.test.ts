/** tls.crl, made and made anew by `cert revoke`, while the agent runs. */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { SHORT_TIMES, Stage } from '../../support/agent.js';
import { makeStage } from '../../support/cert-stage.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { collecting } from '../../support/collecting.js';
import { temporaryDirectory } from '../../support/files.js';
import { until } from '../../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

const read = (path: string) => readFileSync(path, 'utf8');

test('a collector is refused from the connection after its revocation on, and its new certificate is taken', async (t) => {
  const { cert, remove } = await makeStage();
  t.teardown(remove);
  const crl = join(temporaryDirectory(t), 'crl.pem');
  const revoke = ['revoke', '--ca', pki.caFile, '--ca-key', pki.caKeyFile, '--crl', crl];
  await cert(revoke);
  const collector = await collecting(t, pki);
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    delivery: { epochIntervalMs: 100 },
    times: SHORT_TIMES,
    tls: { crl },
  });
  const agent = await stage.start();
  stage.write(100);
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'the first lines' });
  t.is(agent.state.revocationList?.daysLeft, 29);

  await cert([...revoke, pki.collectorCert, '--reason', 'keyCompromise']);
  stage.write(100);
  const code = 'their-certificate-revoked';
  await until(() => (agent.delivery.failures[code] ?? 0) >= 3, { what: 'three refusals' });
  t.is(agent.said.filter(({ facts }) => facts.code === code).length, 1);
  t.regex(agent.delivery.lastFailure?.message ?? '', /the collector’s certificate was revoked \(tls\.crl\)/);
  const stored = collector.messages.length;
  stage.write(100);
  await until(() => (agent.delivery.failures[code] ?? 0) >= 6, { what: 'three more' });
  t.is(collector.messages.length, stored, 'nothing goes to it');

  const renewed = join(temporaryDirectory(t), 'hiecert.pem');
  const names = ['--key-type', 'p-256', '--subject', '/C=US/CN=hie.example.org', '--dns', 'localhost'];
  const signed = ['--ca', pki.caFile, '--ca-key', pki.caKeyFile];
  await cert(['issue', '--server', ...names, ...signed, '--out', renewed, '--key-out', `${renewed}.key`]);
  collector.show({ cert: read(renewed), key: read(`${renewed}.key`) });
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines' });
  await agent.stop();
  t.deepEqual(stage.delivered(collector.messages).lost, []);
});

test('a list that has ended refuses everybody, is said, and a new one is enough', async (t) => {
  const { cert, remove } = await makeStage();
  t.teardown(remove);
  const crl = join(temporaryDirectory(t), 'crl.pem');
  const { crlFile } = await pki.revoke([], -1);
  copyFileSync(crlFile, crl);
  const collector = await collecting(t, pki);
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    delivery: { epochIntervalMs: 100 },
    times: SHORT_TIMES,
    tls: { crl },
  });
  stage.write(100);
  const agent = await stage.start();
  await until(() => (agent.delivery.failures['crl-expired'] ?? 0) >= 3, { what: 'three refusals' });
  t.true(agent.state.revocationList!.daysLeft < 0);
  t.true(agent.said.some(({ level, facts }) => level === 'error' && facts.whose === 'tls.crl'));
  t.is(collector.counts.messages, 0);

  await cert(['revoke', '--ca', pki.caFile, '--ca-key', pki.caKeyFile, '--crl', crl]);
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines' });
  await agent.stop();
  t.deepEqual(stage.delivered(collector.messages).lost, []);
});
