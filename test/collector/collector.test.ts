import { once } from 'node:events';
import net from 'node:net';
import tls, { type ConnectionOptions } from 'node:tls';
import anyTest, { type TestFn } from 'ava';
import type { Client } from '../../src/collector/client.js';
import type { Ending } from '../../src/collector/connection.js';
import { makeTestPki } from '../support/certificates.js';
import { closed, connect, listen, type WithPki } from '../support/collector.js';
import { until, within } from '../support/wait.js';

const test = anyTest as TestFn<WithPki>;
test.before(async (t) => {
  t.context.pki = await makeTestPki();
});
test.after.always((t) => t.context.pki?.remove());

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
      { ending: { name: 'closed' }, totals: { messages: 2, bytes: 14, framing: 'octet-counted' } },
    ]);
    const [{ protocol, chain, verdict, number }] = seen.clients as [Client];
    t.like({ number, protocol, verdict }, { number: 1, protocol: version, verdict: { name: 'verified' } });
    t.deepEqual(
      chain.map(({ depth, subject, issuer, result }) => ({ depth, subject, issuer, result })),
      [
        { depth: 0, subject: 'CN=openemr@localhost,C=US', issuer: 'CN=CertificateAuthority,C=US', result: 'ok' },
        { depth: 1, subject: 'CN=CertificateAuthority,C=US', issuer: 'CN=CertificateAuthority,C=US', result: 'ok' },
      ],
    );
    t.is(chain[0]?.fingerprint, pki.agent.fingerprint);
  });
}

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
