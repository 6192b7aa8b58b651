import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { probe, rehearse } from '../../src/pki/handshake.js';
import { makeTestPki, type PemPair, type TestPki, type Variant } from '../support/certificates.js';

const nowMs = Date.now();
const never = new AbortController().signal;

const rehearsals: readonly [Variant, 'collector' | 'agent', code: string | undefined][] = [
  ['good', 'agent', undefined],
  ['good', 'collector', undefined],
  ['expired', 'agent', 'CERT_HAS_EXPIRED'],
  ['not-yet-valid', 'collector', 'CERT_NOT_YET_VALID'],
  ['wrong-usage', 'agent', 'INVALID_PURPOSE'],
  ['wrong-usage', 'collector', 'INVALID_PURPOSE'],
  ['other-authority', 'agent', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['self-signed', 'collector', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
];

for (const [variant, role, code] of rehearsals) {
  test(`OpenSSL says ${code ?? 'yes'} to a ${variant} ${role} in a handshake in memory`, async (t) => {
    const pki = await makeTestPki();
    t.teardown(pki.remove);
    const { cert, key } = await pki.leaf(variant, role);
    t.is(await rehearse({ ca: [pki.ca], cert, key }, role === 'agent' ? 'client' : 'server', nowMs), code);
  });
}

test('a rehearsal minds the revocation list, and a key of another certificate', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const { cert, key } = pki.agent;
  const { crl } = await pki.revoke([pki.agent.certificate]);

  t.is(await rehearse({ ca: [pki.ca], cert, key, crl }, 'client', nowMs), 'CERT_REVOKED');
  t.is(
    await rehearse({ ca: [pki.ca], cert, key: pki.collector.key }, 'client', nowMs),
    'ERR_OSSL_X509_KEY_VALUES_MISMATCH',
  );
});

async function serve(t: ExecutionContext, pki: TestPki, pair: PemPair, options: TlsOptions = {}): Promise<number> {
  const server = createServer({ cert: pair.cert, key: pair.key, ca: pki.ca, requestCert: true, ...options });
  server.on('tlsClientError', () => undefined);
  server.on('secureConnection', (socket) => socket.on('error', () => undefined).resume());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

const target = (port: number) => ({ host: '127.0.0.1', port, timeoutMs: 5000 });

test('a visit tells chain, protocol and cipher of a collector that accepts us', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const port = await serve(t, pki, pki.collector);

  const result = await probe(target(port), { ca: [pki.ca], ...pem(pki.agent) }, never);

  t.is(result.failure, undefined);
  t.is(result.verifyCode, undefined);
  t.is(result.protocol, 'TLSv1.3');
  t.deepEqual(
    result.chain.map(({ raw }) => raw),
    [pki.collector.certificate.raw, pki.authority.certificate.raw],
  );
});

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a collector that refuses our certificate under ${maxVersion} is heard`, async (t) => {
    const pki = await makeTestPki();
    t.teardown(pki.remove);
    const port = await serve(t, pki, pki.collector, { maxVersion });

    const stranger = await pki.leaf('other-authority', 'agent');
    const refused = await probe(target(port), { ca: [pki.ca], ...pem(stranger) }, never);
    const missing = await probe(target(port), { ca: [pki.ca] }, never);

    t.not(refused.failure, undefined);
    t.not(missing.failure, undefined);
  });
}

test('a collector with a certificate that we refuse is looked at all the same', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const port = await serve(t, pki, await pki.leaf('expired'));

  const result = await probe(target(port), { ca: [pki.ca], ...pem(pki.agent) }, never);

  t.is(result.verifyCode, 'CERT_HAS_EXPIRED');
  t.is(result.chain[0]?.subject, 'C=US\nCN=hie@machine.com');
});

test('a closed port, a silent one and the wish to stop end a visit in words', async (t) => {
  const silent = createTcpServer(() => undefined);
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  const closed = createTcpServer();
  closed.listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const closedPort = (closed.address() as AddressInfo).port;
  closed.close();
  await once(closed, 'close');

  t.is((await probe(target(closedPort), { ca: [] }, never)).failure?.code, 'ECONNREFUSED');
  t.is((await probe({ ...target(port), timeoutMs: 50 }, { ca: [] }, never)).failure?.code, 'ETIMEDOUT');
  t.is((await probe(target(port), { ca: [] }, AbortSignal.abort())).failure?.code, 'ABORTED');
});

function pem({ cert, key }: PemPair) {
  return { cert, key };
}
