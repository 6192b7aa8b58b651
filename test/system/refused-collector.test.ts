/** A client that verifies as OpenSSL does and says by an alert that it does not accept the test collector. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import anyTest, { type TestFn } from 'ava';
import { makeTestPki } from '../support/certificates.js';
import { listen, type WithPki } from '../support/collector.js';
import { until, within } from '../support/wait.js';

const test = anyTest as TestFn<WithPki>;
test.before(async (t) => {
  t.context.pki = await makeTestPki();
});
test.after.always((t) => t.context.pki?.remove());

test('the collector says that a client does not accept its certificate', async (t) => {
  const { cert, key } = await t.context.pki.leaf('other-authority');
  const { collector, seen } = await listen(t, { cert, key });
  const { host, port } = collector.address;

  // Node as a client verifies too late to send an alert; openssl sends one.
  const args = ['s_client', '-connect', `${host}:${port}`, '-CAfile', t.context.pki.caFile, '-verify_return_error'];
  const client = spawn('openssl', args, { stdio: 'ignore' });
  await within(once(client, 'exit'), { what: 's_client to give up' });
  await until(() => seen.refusals.length === 1, { what: 'the refusal' });

  t.regex(seen.refusals[0]?.reason ?? '', /^the client does not accept our certificate/);
});
