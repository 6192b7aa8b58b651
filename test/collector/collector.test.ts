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

const FEW = { handshakes: 3, clients: 2, unfinishedBytes: 1_000 };

test('strangers that connect and say nothing keep nobody out: the oldest of them goes', async (t) => {
  const { pki } = t.context;
  const { collector, seen } = await listen(t, { limits: FEW });
  const strangers = Array.from({ length: 3 }, () => net.connect(collector.address).on('error', () => {}));
  t.teardown(() => {
    for (const each of strangers) each.destroy();
  });
  const [oldest] = strangers as [net.Socket];
  const gone = closed(oldest.resume());
  await Promise.all(strangers.map((each) => within(once(each, 'connect'), { what: 'a stranger to connect' })));

  const client = connect(pki, collector);
  client.end('5 hello');
  await closed(client);
  await gone;
  await until(() => seen.ends.length === 1, { what: 'the end of the honest client' });
  t.deepEqual(seen.messages, ['hello']);
});

test('more clients than it serves at once are refused with the number, until one has left', async (t) => {
  const { pki } = t.context;
  const { collector, seen } = await listen(t, { limits: FEW });
  const [first, second] = [connect(pki, collector), connect(pki, collector)];
  await until(() => seen.clients.length === 2, { what: 'both clients' });
  const third = connect(pki, collector);
  await closed(third);
  t.deepEqual(
    seen.refusals.map(({ reason }) => reason),
    ['2 clients are connected already'],
  );

  first.end();
  await closed(first);
  await until(() => collector.connected === 1, { what: 'the first to be gone' });
  const fourth = connect(pki, collector);
  fourth.end('5 again');
  await closed(fourth);
  await until(() => seen.messages.length === 1, { what: 'the message of the fourth' });
  second.destroy();
});

test('what all clients leave unfinished has a limit: the one that holds the most goes, the others are served', async (t) => {
  const { pki } = t.context;
  // So that 200 000 octets may be unfinished: twice the longest message.
  const { collector, seen } = await listen(t, { maxMessageBytes: 100_000, limits: { ...FEW, clients: 9 } });
  const hog = connect(pki, collector);
  hog.write(`100000 ${'x'.repeat(99_000)}`);
  const others = [connect(pki, collector), connect(pki, collector)];
  for (const other of others) other.write(`100000 ${'y'.repeat(60_000)}`);
  await closed(hog);
  for (const other of others) other.end('y'.repeat(40_000));
  await Promise.all(others.map(closed));
  await until(() => seen.ends.length === 3, { what: 'three ends' });
  t.deepEqual(
    seen.ends.map(({ ending }) => ending.name),
    ['crowded-out', 'closed', 'closed'],
  );
  t.deepEqual(
    seen.messages.map((message) => message.length),
    [100_000, 100_000],
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
