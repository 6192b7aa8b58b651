import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import tls, { type ConnectionOptions, type TLSSocket } from 'node:tls';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import type { Client } from '../../src/collector/client.js';
import { Collector, type CollectorOptions, type CollectorOutlet, type Refusal } from '../../src/collector/collector.js';
import type { Ending, Tally } from '../../src/collector/connection.js';
import { Unframer } from '../../src/syslog/rfc5425.js';
import { makeTestPki, type PemPair, type TestPki } from '../support/certificates.js';
import { silent } from '../support/silent.js';
import { until, within } from '../support/wait.js';

interface Seen {
  readonly clients: Client[];
  readonly refusals: Refusal[];
  readonly messages: string[];
  readonly ends: { ending: Ending; tally: Tally }[];
}

const test = anyTest as TestFn<{ pki: TestPki }>;
test.before(async (t) => {
  t.context.pki = await makeTestPki();
});
test.after.always((t) => t.context.pki?.remove());

async function listen(
  t: ExecutionContext<{ pki: TestPki }>,
  options: Partial<CollectorOptions> = {},
  outlet: Partial<CollectorOutlet> = {},
): Promise<{ collector: Collector; seen: Seen }> {
  const { pki } = t.context;
  const seen: Seen = { clients: [], refusals: [], messages: [], ends: [] };
  const { cert, key } = pki.collector;
  const collector = await Collector.listen(
    {
      ...{ host: '127.0.0.1', port: 0, ca: pki.ca, cert, key, clientCertificate: 'require', maxMessageBytes: 100_000 },
      ...options,
    },
    {
      report: silent,
      unframe: (maxMessageBytes) => new Unframer({ maxMessageBytes }),
      onConnection: (client) => seen.clients.push(client),
      onRefused: (refusal) => seen.refusals.push(refusal),
      onMessage: (message) => void seen.messages.push(message.toString()),
      onEnd: (_, ending, tally) => void seen.ends.push({ ending, tally }),
      ...outlet,
    },
  );
  t.teardown(() => collector.close());
  return { collector, seen };
}

function connect(pki: TestPki, { address }: Collector, options: ConnectionOptions = {}): TLSSocket {
  const { cert, key } = pki.agent;
  const socket = tls.connect({ ...address, ca: pki.ca, cert, key, servername: 'localhost', ...options });
  socket.on('error', () => {});
  socket.resume();
  return socket;
}

function closed(socket: net.Socket): Promise<void> {
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return within(gone, { what: 'the client socket to close' });
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`takes frames under ${version} and describes the client as s_server does`, async (t) => {
    const { pki } = t.context;
    const { collector, seen } = await listen(t);

    const client = connect(pki, collector, { minVersion: version, maxVersion: version });
    client.end('5 hello5 world');
    await closed(client);
    await until(() => seen.ends.length === 1, { what: 'the end of the connection' });
    await collector.close();

    t.deepEqual(seen.messages, ['hello', 'world']);
    t.deepEqual(seen.ends, [
      { ending: { name: 'closed' }, tally: { messages: 2, bytes: 14, framing: 'octet-counted' } },
    ]);
    const [{ protocol, chain, verdict, number }] = seen.clients as [Client];
    t.like({ number, protocol, verdict }, { number: 1, protocol: version, verdict: { name: 'verified' } });
    t.deepEqual(
      chain.map(({ depth, subject, issuer, result }) => ({ depth, subject, issuer, result })),
      [
        { depth: 0, subject: 'C=US, CN=openemr@localhost', issuer: 'C=US, CN=CertificateAuthority', result: 'ok' },
        { depth: 1, subject: 'C=US, CN=CertificateAuthority', issuer: 'C=US, CN=CertificateAuthority', result: 'ok' },
      ],
    );
    t.is(chain[0]?.fingerprint, pki.agent.fingerprint);
  });
}

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

  t.like(seen.refusals[0], { code: 'CERT_REVOKED', reason: 'revoked by its authority' });
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

test('says that a client does not accept our certificate', async (t) => {
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

test('does not read on while a message is being taken', async (t) => {
  const { pki } = t.context;
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let taken = 0;
  const onMessage = () => {
    taken += 1;
    return taken === 1 ? held : undefined;
  };
  const { collector } = await listen(t, {}, { onMessage });
  const frame = Buffer.from(`10000 ${'x'.repeat(10_000)}`);
  const client = connect(pki, collector);
  await within(once(client, 'secureConnect'), { what: 'the handshake' });

  // More than the kernel's buffers on both sides can hold: it cannot all leave while nobody reads.
  const total = 3000;
  let flushed = false;
  for (let sent = 0; sent < total; sent += 1) client.write(frame);
  client.end(() => {
    flushed = true;
  });
  await until(() => taken === 1, { what: 'the first message' });
  t.false(flushed);
  t.is(taken, 1);
  release();
  await closed(client);
  await collector.close();

  t.is(taken, total);
});

test('leaves close_notify unanswered when a message could not be taken', async (t) => {
  const { pki } = t.context;
  const endings: Ending[] = [];
  const { collector } = await listen(
    t,
    {},
    {
      onMessage: () => {
        throw new Error('no space left on device');
      },
      onEnd: (_, ending) => void endings.push(ending),
    },
  );

  const client = connect(pki, collector);
  client.end('5 hello');
  await closed(client);
  await collector.close();

  t.like(endings, [{ name: 'not-taken', cause: { message: 'no space left on device' } }]);
});

test('tells a cut frame, a broken stream and a reset apart, and goes on', async (t) => {
  const { pki } = t.context;
  const { collector, seen } = await listen(t);
  const cut = connect(pki, collector);
  cut.end('5 hel');
  await closed(cut);
  const broken = connect(pki, collector);
  broken.write('5 helloworld');
  await closed(broken);
  const raw = net.connect(collector.address);
  raw.on('error', () => {});
  const { cert, key } = pki.agent;
  const reset = tls.connect({ socket: raw, ca: pki.ca, cert, key, servername: 'localhost' });
  reset.on('error', () => {});
  await within(once(reset, 'secureConnect'), { what: 'the handshake' });
  await until(() => seen.clients.length === 3, { what: 'the third client' });
  raw.resetAndDestroy();
  await until(() => seen.ends.length === 3, { what: 'three ends' });
  await collector.close();

  t.like(
    seen.ends.map(({ ending }) => ending),
    [{ name: 'cut-short', bytes: 5 }, { name: 'malformed' }, { name: 'lost' }],
  );
});

test('close says close_notify to the connected, takes what they still send, and leaves nothing behind', async (t) => {
  const { pki } = t.context;
  const { collector, seen } = await listen(t);
  const client = connect(pki, collector, { allowHalfOpen: true } as ConnectionOptions);
  client.write('5 hello');
  await until(() => seen.messages.length === 1, { what: 'the first message' });

  client.once('end', () => client.end('5 world'));
  await Promise.all([collector.close(), collector.close()]);
  await closed(client);

  t.deepEqual(seen.messages, ['hello', 'world']);
  t.is(collector.connected, 0);
  const late = net.connect(collector.address);
  const [error] = await within(once(late, 'error'), { what: 'a refused connection' });
  t.is(error.code, 'ECONNREFUSED');
});

test('close does not wait for ever for a client that never ends', async (t) => {
  const { pki } = t.context;
  const { collector, seen } = await listen(t);
  const client = connect(pki, collector, { allowHalfOpen: true } as ConnectionOptions);
  client.write('5 hello');
  await until(() => seen.messages.length === 1, { what: 'the message' });

  await within(collector.close(), { what: 'the collector to close' });
  client.destroy();

  t.is(seen.ends.length, 1);
});

test('says what to do when the port is taken', async (t) => {
  const { collector } = await listen(t);
  const { port } = collector.address;

  const error = await t.throwsAsync(listen(t, { port }), { code: 'cannot-listen' });
  await collector.close();

  t.regex(error?.message ?? '', new RegExp(`port ${port}: another program listens there`));
});

test('says that key and certificate do not belong together', async (t) => {
  const { pki } = t.context;

  await t.throwsAsync(listen(t, { key: pki.agent.key }), { code: 'key-mismatch' });
});
