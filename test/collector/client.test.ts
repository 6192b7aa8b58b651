import net from 'node:net';
import anyTest, { type TestFn } from 'ava';
import { makeTestPki, type PemPair, type TestPki } from '../support/certificates.js';
import { closed, connect, listen, type WithPki } from '../support/collector.js';
import { until } from '../support/wait.js';

const test = anyTest as TestFn<WithPki>;
test.before(async (t) => {
  t.context.pki = await makeTestPki();
});
test.after.always((t) => t.context.pki?.remove());

const refused: [title: string, pair: (pki: TestPki) => Promise<PemPair | undefined>, reason: RegExp, depth0: RegExp][] =
  [
    ['without certificate', async () => undefined, /^no client certificate$/, /never/],
    [
      'of an unknown authority',
      (pki) => pki.leaf('other-authority', 'agent'),
      /not in the CA file/,
      /not in the CA file/,
    ],
    ['with an expired certificate', (pki) => pki.leaf('expired', 'agent'), /^expired$/, /^expired$/],
    ['with a certificate from tomorrow', (pki) => pki.leaf('not-yet-valid', 'agent'), /not valid yet/, /not valid yet/],
    [
      'with a self-signed certificate',
      (pki) => pki.leaf('self-signed', 'agent'),
      /^self-signed and not in the CA file$/,
      /^self-signed/,
    ],
    [
      'with a server certificate',
      (pki) => pki.leaf('wrong-usage', 'agent'),
      /not made for clients/,
      /not made for clients/,
    ],
  ];

for (const [title, pairOf, reason, depth0] of refused) {
  test(`refuses a client ${title}, says why, and goes on`, async (t) => {
    const { pki } = t.context;
    const { collector, seen } = await listen(t);
    const pair = await pairOf(pki);

    const bad = connect(pki, collector, { cert: pair?.cert, key: pair?.key });
    bad.write('5 hello');
    await closed(bad);
    await until(() => seen.refusals.length === 1, { what: 'the refusal' });
    const good = connect(pki, collector);
    good.end('5 world');
    await closed(good);
    await collector.close();

    const [refusal] = seen.refusals;
    t.regex(refusal?.reason ?? '', reason);
    t.regex(refusal?.client?.chain[0]?.result ?? 'never', depth0);
    t.deepEqual(seen.messages, ['world']);
  });
}

test('takes anybody on request, and says what is wrong with the certificate', async (t) => {
  const { pki } = t.context;
  const { collector, seen } = await listen(t, { clientCertificate: 'request' });

  for (const pair of [undefined, await pki.leaf('expired', 'agent')]) {
    const client = connect(pki, collector, { cert: pair?.cert, key: pair?.key });
    client.end('5 hello');
    await closed(client);
  }
  await collector.close();

  t.deepEqual(
    seen.clients.map(({ verdict }) => verdict),
    [{ name: 'no-certificate' }, { name: 'unverified', code: 'CERT_HAS_EXPIRED', reason: 'expired' }],
  );
  t.is(seen.messages.length, 2);
});

test('asks nobody for a certificate when told so', async (t) => {
  const { pki } = t.context;
  const { collector, seen } = await listen(t, { clientCertificate: 'none' });

  const client = connect(pki, collector);
  client.end('5 hello');
  await closed(client);
  await collector.close();

  t.like(seen.clients[0], { verdict: { name: 'not-asked' }, chain: [] });
});

test('refuses a certificate on the revocation list', async (t) => {
  const { pki } = t.context;
  const revoked = await pki.leaf('ip-only', 'agent');
  const { crl } = await pki.revoke([revoked.certificate]);
  const { collector, seen } = await listen(t, { crl });

  const client = connect(pki, collector, { cert: revoked.cert, key: revoked.key });
  await closed(client);
  await until(() => seen.refusals.length === 1, { what: 'the refusal' });
  await collector.close();

  t.like(seen.refusals[0], { code: 'CERT_REVOKED', reason: 'revoked by its CA' });
});

const strangers: [what: string, say: string, reason: RegExp][] = [
  ['plain syslog', '<13>hello\n', /not a TLS client/],
  ['HTTP', 'GET / HTTP/1.0\r\n\r\n', /HTTP/],
];

for (const [what, say, reason] of strangers) {
  test(`tells ${what} from TLS`, async (t) => {
    const { collector, seen } = await listen(t);

    const client = net.connect(collector.address);
    client.on('error', () => {});
    client.resume();
    client.write(say);
    await closed(client);
    await until(() => seen.refusals.length === 1, { what: 'the refusal' });
    await collector.close();

    t.regex(seen.refusals[0]?.reason ?? '', reason);
  });
}
