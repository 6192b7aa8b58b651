import net, { type AddressInfo } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { connect, type TlsMaterial, type TlsPolicy } from '../../src/link/connect.js';
import { LINK_TIMES } from '../../src/link/link.js';
import type { LinkError } from '../../src/link/refusal.js';
import { makeTestPki, type TestPki, type Variant } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { freePort } from '../support/free-port.js';
import type { HostileOptions } from '../support/hostile-collector.js';
import { LINKING, POLICY } from '../support/linking.js';
import { until } from '../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

interface Change {
  readonly policy?: Partial<TlsPolicy>;
  readonly material?: Partial<TlsMaterial>;
  readonly signal?: AbortSignal;
  readonly handshakeMs?: number;
}

/** A server that counts what it reads over its first connection, and keeps whether each session was resumed. */
async function reading(
  t: ExecutionContext,
  { cert, key, maxVersion }: Pick<TlsOptions, 'cert' | 'key' | 'maxVersion'>,
) {
  const sessions: boolean[] = [];
  const server = createServer({ cert, key, ...(maxVersion && { maxVersion }) });
  const octets = new Promise<number>((resolve) => {
    server.on('secureConnection', (socket) => {
      sessions.push(socket.isSessionReused());
      let count = 0;
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        count += bytes.length;
      });
      socket.on('close', () => resolve(count));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { port: (server.address() as AddressInfo).port, octets, sessions };
}

function dial(
  port: number,
  { policy, material, signal = new AbortController().signal, handshakeMs = 10_000 }: Change = {},
) {
  const { ca, agent } = pki;
  return connect(
    { host: 'localhost', address: '127.0.0.1', port },
    { ca, cert: agent.cert, key: agent.key, crl: undefined, ...material },
    { ...POLICY, ...policy },
    LINKING,
    signal,
    { ...LINK_TIMES, connectMs: 2_000, handshakeMs },
  );
}

for (const tls of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a link over ${tls} tells who is at the other end`, async (t) => {
    const { port } = await collecting(t, pki, { tls });
    const link = await dial(port);
    t.like(link.peer, { host: 'localhost', address: '127.0.0.1', port, protocol: tls });
    t.is(link.peer.fingerprint, pki.collector.fingerprint);
    t.is(link.peer.issuer, 'CN=CertificateAuthority,C=US');
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

test('a certificate with a common name alone is taken where that is asked for', async (t) => {
  const { port } = await collecting(t, pki, {}, { identities: [await pki.leaf('common-name-only')] });
  const link = await dial(port, { policy: { commonName: true } });
  t.true(link.alive);
  link.destroy();
});

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

for (const verify of ['fingerprint', 'name'] as const) {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`a collector with the wrong ${verify} is left after the handshake over ${maxVersion} without an octet of data`, async (t) => {
      const { cert, key, fingerprint } = await pki.leaf('wrong-name');
      const read = await reading(t, { cert, key, maxVersion });
      const policy = { verify, fingerprints: [pki.agent.fingerprint] };
      const error = await t.throwsAsync<LinkError>(dial(read.port, { policy }));
      t.is(error?.code, `wrong-${verify}`);
      t.regex(error?.message ?? '', verify === 'name' ? /elsewhere\.example/ : new RegExp(fingerprint));
      t.is(await read.octets, 0);
    });
  }
}

test('each connection is a full handshake, and its certificate is verified anew', async (t) => {
  const stranger = await pki.leaf('other-authority');
  const identities = [pki.collector, pki.collector, stranger];
  const { port } = await collecting(t, pki, {}, { identities });
  for (let turn = 0; turn < 2; turn += 1) {
    const link = await dial(port);
    t.is(link.peer.fingerprint, pki.collector.fingerprint);
    link.destroy();
  }
  t.like(await t.throwsAsync(dial(port)), { code: 'their-ca-unknown' });
});

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`no session of ${maxVersion} is offered for resumption to a server that would resume it`, async (t) => {
    const read = await reading(t, { ...pki.collector, maxVersion });
    for (let turn = 0; turn < 3; turn += 1) (await dial(read.port)).leave();
    await until(() => read.sessions.length === 3, { what: 'three handshakes' });
    t.deepEqual(read.sessions, [false, false, false]);
  });
}

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

test('a port without a listener, a silent one and one that does not speak TLS are told apart', async (t) => {
  t.like(await t.throwsAsync(dial(await freePort())), { code: 'refused' });
  const mute = await collecting(t, pki, { handshake: 'never' });
  t.like(await t.throwsAsync(dial(mute.port, { handshakeMs: 300 })), { code: 'no-handshake' });
  const ssh = net.createServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.2\r\n'));
  await new Promise<void>((resolve) => ssh.listen(0, '127.0.0.1', resolve));
  t.teardown(() => ssh.close());
  t.like(await t.throwsAsync(dial((ssh.address() as AddressInfo).port)), { code: 'not-tls' });
});

test('an attempt is cancelled when the agent stops, before it begins and while it lasts', async (t) => {
  const { port } = await collecting(t, pki, { handshake: 'never' });
  t.like(await t.throwsAsync(dial(port, { signal: AbortSignal.abort() })), { code: 'abandoned' });
  const stop = new AbortController();
  const attempt = dial(port, { signal: stop.signal });
  setImmediate(() => stop.abort());
  t.like(await t.throwsAsync(attempt), { code: 'abandoned' });
});
