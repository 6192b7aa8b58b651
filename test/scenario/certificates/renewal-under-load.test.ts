/** The agent's certificate is renewed, by each way that there is, while a thousand lines a second come. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { Stage } from '../../support/agent.js';
import { makeStage } from '../../support/cert-stage.js';
import { makeTestPki } from '../../support/certificates.js';
import { listen, type WithPki } from '../../support/collector.js';
import { temporaryDirectory } from '../../support/files.js';
import { until } from '../../support/wait.js';

const test = anyTest as TestFn<WithPki>;
test.before(async (t) => {
  t.context.pki = await makeTestPki();
});
test.after.always((t) => t.context.pki?.remove());

const TURN_MS = 20;
const LINES_A_TURN = 20;

test('renewal by our authority and by the exchange’s, under load, loses and repeats nothing', async (t) => {
  const { pki } = t.context;
  const { cert, remove } = await makeStage();
  t.teardown(remove);
  const tls = temporaryDirectory(t);
  const file = (name: string) => join(tls, name);
  copyFileSync(pki.caFile, file('cacert.pem'));
  copyFileSync(pki.agentCert, file('openemrcert.pem'));
  copyFileSync(pki.agentKey, file('openemr.key'));
  const { collector, seen } = await listen(t);
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.address.port }],
    delivery: { epochIntervalMs: 100 },
    tls: { ca: file('cacert.pem'), cert: file('openemrcert.pem'), key: file('openemr.key') },
  });
  const agent = await stage.start();
  const writing = setInterval(() => stage.write(LINES_A_TURN), TURN_MS);
  t.teardown(() => clearInterval(writing));
  /** The collector has met so many certificates, and the newest of them on more than one link. */
  const met = (count: number) =>
    until(
      () => {
        const shown = seen.clients.map(({ chain }) => chain[0]?.fingerprint);
        return new Set(shown).size === count && shown.at(-1) === shown.at(-2);
      },
      { what: `the certificate number ${count}` },
    );
  await met(1);

  const signed = ['--ca', pki.caFile, '--ca-key', pki.caKeyFile];
  await cert(['renew', '--dir', tls, '--ca-key', pki.caKeyFile]);
  await met(2);
  await cert(['renew', '--dir', tls, '--ca-key', pki.caKeyFile, '--same-key']);
  await met(3);
  await cert(['renew', '--dir', tls, '--request', file('openemr.csr')]);
  await cert(['sign', file('openemr.csr'), '--yes', '--out', file('answer.pem'), ...signed]);
  await cert(['import', file('answer.pem'), '--dir', tls]);
  await met(4);

  clearInterval(writing);
  const messages = () => seen.messages.map((message) => Buffer.from(message, 'latin1'));
  await until(() => agent.caughtUp && stage.complete(messages()), { what: 'all lines' });
  await agent.stop();
  const { lost, repeatedMessages, renamed, holes, disordered } = stage.delivered(messages());
  t.deepEqual(
    { lost, repeatedMessages, renamed, holes, disordered },
    { lost: [], repeatedMessages: 0, renamed: [], holes: [], disordered: 0 },
  );
  t.is(agent.delivery.repeated, 0);
  t.deepEqual(agent.delivery.failures, {});
  t.is(seen.refusals.length, 0);
  t.is(agent.said.filter(({ message }) => message.startsWith('New certificate files')).length, 3);
});
