/**
 * What real collectors answer to a sender's close_notify, once they have read
 * everything: the fact on which acknowledged delivery rests. It is held for
 * each of them and both TLS versions, so that a new version which answers
 * otherwise is noticed here and not by an auditor.
 */
import anyTest, { type TestFn } from 'ava';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { REAL_COLLECTORS } from '../support/real-collectors.js';
import { until } from '../support/wait.js';
import { WireClient } from '../support/wire-client.js';

const test = anyTest as TestFn<{ pki: TestPki }>;
test.before(async (t) => {
  t.context.pki = await makeTestPki();
});
test.after.always((t) => t.context.pki?.remove());

for (const { name, start, answer } of REAL_COLLECTORS) {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`${name} answers close_notify under ${version} with ${answer.join(' and ')}, having read everything`, async (t) => {
      const { pki } = t.context;
      const collector = await start(pki);
      t.teardown(() => collector.stop());
      const { cert, key } = pki.agent;
      const client = new WireClient({ port: collector.port, ca: pki.ca, cert, key, version });
      t.teardown(() => client.destroy());
      await client.connected();
      const sent = Array.from({ length: 20_000 }, (_, n) => `<85>1 2026-11-20T07:58:01Z emr openemr - - - line ${n}`);

      for (const message of sent) client.tls.write(`${message.length} ${message}`);
      client.sayCloseNotify();

      t.deepEqual(await client.ending(), answer);
      await until(async () => (await collector.stored()).length >= sent.length, { what: 'all to be stored' });
      t.deepEqual((await collector.stored()).map(String), sent);
    });
  }
}
