import net, { type AddressInfo } from 'node:net';
import test from 'ava';
import { systemClock } from '../../src/lib/clock.js';
import { connect, DIAL_TIMES, type TlsMaterial, type TlsPolicy } from '../../src/link/connect.js';
import { readKernelSocket } from '../../src/link/kernel-socket.js';
import type { LinkError } from '../../src/link/refusal.js';
import { makeTestPki, type TestPki, type Variant } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { freePort } from '../support/free-port.js';
import type { HostileOptions } from '../support/hostile-collector.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

const POLICY: TlsPolicy = {
  verify: 'name',
  fingerprints: [],
  minVersion: 'TLSv1.2',
  ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384',
};

interface Change {
  readonly policy?: Partial<TlsPolicy>;
  readonly material?: Partial<TlsMaterial>;
  readonly signal?: AbortSignal;
}

function dial(port: number, { policy, material, signal = new AbortController().signal }: Change = {}) {
  const { ca, agent } = pki;
  return connect(
    { host: 'localhost', address: '127.0.0.1', port },
    { ca, cert: agent.cert, key: agent.key, crl: undefined, ...material },
    { ...POLICY, ...policy },
    { clock: systemClock, readKernelSocket },
    signal,
    { ...DIAL_TIMES, connectMs: 2_000, handshakeMs: 300 },
  );
}

for (const tls of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a link over ${tls} tells who is at the other end`, async (t) => {
    const { port } = await collecting(t, pki, { tls });
    const link = await dial(port);
    t.like(link.peer, { host: 'localhost', address: '127.0.0.1', port, protocol: tls });
    t.is(link.peer.fingerprint, pki.collector.fingerprint);
    t.is(link.peer.issuer, 'C=US, CN=CertificateAuthority');
    t.true(await link.isUp());
    link.destroy();
    t.false(await link.isUp());
  });
}

const certificates: [Variant, code: string][] = [
  ['expired', 'their-certificate-expired'],
  ['not-yet-valid', 'their-certificate-early'],
  ['wrong-name', 'wrong-name'],
  ['other-authority', 'their-ca-unknown'],
  ['self-signed', 'their-certificate-self-signed'],
  ['common-name-only', 'wrong-name'],
  ['wrong-usage', 'their-purpose'],
];
for (const [variant, code] of certificates) {
  test(`a collector's certificate that is ${variant} is refused as ${code}`, async (t) => {
    const identities: HostileOptions['identities'] = [await pki.leaf(variant)];
    const { port } = await collecting(t, pki, {}, { identities });
    const error = await t.throwsAsync<LinkError>(dial(port));
    t.is(error?.code, code);
    t.true(error?.isAuthenticationFailure);
  });
}

test('a revoked certificate is refused', async (t) => {
  const { crl } = await pki.revoke([pki.collector.certificate]);
  const { port } = await collecting(t, pki);
  t.like(await t.throwsAsync(dial(port, { material: { crl } })), { code: 'their-certificate-revoked' });
});

test('a pinned fingerprint needs no authority', async (t) => {
  const identity = await pki.leaf('self-signed');
  const { port } = await collecting(t, pki, {}, { identities: [identity] });
  const policy = { verify: 'fingerprint', fingerprints: [identity.fingerprint] } as const;
  const link = await dial(port, { policy });
  t.is(link.peer.fingerprint, identity.fingerprint);
  link.destroy();
});

test('another name may be asked of the certificate than the host', async (t) => {
  const identity = await pki.leaf('wrong-name');
  const { port } = await collecting(t, pki, {}, { identities: [identity] });
  const link = await dial(port, { policy: { serverName: 'elsewhere.example' } });
  t.true(link.alive);
  link.destroy();
});

test('a collector that speaks only TLS 1.2 is refused where 1.3 is demanded', async (t) => {
  const { port } = await collecting(t, pki, { tls: 'TLSv1.2' });
  t.is((await t.throwsAsync<LinkError>(dial(port, { policy: { minVersion: 'TLSv1.3' } })))?.code, 'their-version');
});

test('nobody at the port, somebody who says nothing, somebody who speaks something else: each has its word', async (t) => {
  t.like(await t.throwsAsync(dial(await freePort())), { code: 'refused' });
  const mute = await collecting(t, pki, { handshake: 'never' });
  t.like(await t.throwsAsync(dial(mute.port)), { code: 'no-handshake' });
  const ssh = net.createServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.2\r\n'));
  await new Promise<void>((resolve) => ssh.listen(0, '127.0.0.1', resolve));
  t.teardown(() => ssh.close());
  t.like(await t.throwsAsync(dial((ssh.address() as AddressInfo).port)), { code: 'not-tls' });
});

test('an attempt is given up when the agent stops, before and while it lasts', async (t) => {
  const { port } = await collecting(t, pki, { handshake: 'never' });
  t.like(await t.throwsAsync(dial(port, { signal: AbortSignal.abort() })), { code: 'abandoned' });
  const stop = new AbortController();
  const attempt = dial(port, { signal: stop.signal });
  setImmediate(() => stop.abort());
  t.like(await t.throwsAsync(attempt), { code: 'abandoned' });
});
