/** The tests of the tests: each mode of the hostile collector is exactly what a plain client sees. */
import anyTest, { type TestFn } from 'ava';
import { makeTestPki } from './certificates.js';
import type { WithPki } from './collector.js';
import { afterCloseNotify, client, hostile } from './hostile.js';
import { unreadBytes } from './kernel.js';
import { until } from './wait.js';
import type { Sign } from './wire-client.js';

const test = anyTest as TestFn<WithPki>;
test.before(async (t) => {
  t.context.pki = await makeTestPki();
});
test.after.always((t) => t.context.pki?.remove());

test('stops politely with octets left in the kernel, which resets the connection', async (t) => {
  const collector = await hostile(t, { read: 'nothing' });
  const one = await client(t, collector).connected();
  await until(() => collector.counts.handshakes === 1, { what: 'the handshake' });
  void one.write(Buffer.alloc(1_000_000));
  await until(() => unreadBytes(collector.port, one.localPort) > 10_000, { what: 'octets that nobody reads' });

  await collector.stopPolitely();

  t.is((await one.ending()).at(-1), 'reset');
  t.is(collector.counts.messages, 0);
});

test('accepts TCP and never shakes hands', async (t) => {
  const silent = await hostile(t, { handshake: 'never' });
  const good = await hostile(t, {});

  const one = client(t, silent);
  await until(() => silent.counts.connections === 1, { what: 'the connection' });
  await client(t, good).connected();

  t.is(silent.counts.handshakes, 0);
  t.deepEqual(one.signs, []);
});

for (const how of ['close-notify', 'fin', 'reset'] as const) {
  const signs = { 'close-notify': ['close_notify', 'FIN'], fin: ['FIN'], reset: ['reset'] }[how] as Sign[];

  test(`ends a connection without traffic by ${how}`, async (t) => {
    const collector = await hostile(t, { idle: { afterMs: 100, how } });

    const one = await client(t, collector).connected();
    await one.write('1 a');

    t.deepEqual(await one.ending(), signs);
    t.is(collector.counts.messages, 1);
  });

  test(`cuts each connection inside a frame by ${how}`, async (t) => {
    const collector = await hostile(t, { cut: { afterBytes: 10, how } });

    for (let round = 0; round < 3; round += 1) {
      const one = await client(t, collector).connected();
      await one.write('3 aaa3 bbb3 ccc');
      t.is((await one.ending()).at(-1), signs.at(-1));
    }

    t.deepEqual(collector.messages.map(String), ['aaa', 'bbb', 'aaa', 'bbb', 'aaa', 'bbb']);
  });

  test(`drops the link by ${how} at one message, each time`, async (t) => {
    const collector = await hostile(t, { drop: { text: 'poison', how } });

    for (let round = 0; round < 3; round += 1) {
      const one = await client(t, collector).connected();
      await one.write('4 fine6 poison4 more');
      t.is((await one.ending()).at(-1), signs.at(-1));
    }

    t.deepEqual(collector.messages.map(String), ['fine', 'fine', 'fine']);
  });
}

test('reads so many octets a second and no more', async (t) => {
  const collector = await hostile(t, { read: { bytesPerSecond: 100 } });
  const one = await client(t, collector).connected();
  const began = performance.now();

  await one.write('3 aaa'.repeat(20));
  one.sayCloseNotify();
  const signs = await one.ending();

  t.deepEqual(signs, ['close_notify', 'FIN']);
  t.is(collector.counts.messages, 20);
  t.true(performance.now() - began > 500, '100 octets in less than half a second');
});

test('reads nothing once the handshake is done', async (t) => {
  const collector = await hostile(t, { read: 'nothing' });
  const one = await client(t, collector).connected();

  let left = false;
  void one.write(Buffer.alloc(64 * 1024 * 1024)).then(() => {
    left = true;
  });
  await until(() => unreadBytes(collector.port, one.localPort) > 10_000, { what: 'octets that nobody reads' });

  t.false(left);
  t.is(collector.counts.messages, 0);
});

test('sends what is no TLS record', async (t) => {
  const collector = await hostile(t, { send: 'rubbish' });

  const one = await client(t, collector).connected();
  await until(() => one.error, { what: 'an error in TLS' });

  t.regex(one.error?.code ?? '', /WRONG_VERSION_NUMBER|BAD_RECORD_TYPE|RECORD_LAYER/);
});

test('sends application data, and serves all the same', async (t) => {
  const collector = await hostile(t, { send: { text: 'welcome' } });

  const one = await client(t, collector).connected();
  await one.write('1 a');
  one.sayCloseNotify();

  t.deepEqual(await one.ending(), ['close_notify', 'FIN']);
  t.is(one.received, 'welcome');
  t.is(collector.counts.messages, 1);
});

test('serves one connection at a time, while the kernel accepts the next', async (t) => {
  const collector = await hostile(t, { oneAtATime: true });
  const first = await client(t, collector).connected();

  const second = client(t, collector);
  await until(() => collector.counts.connections === 2, { what: 'the second connection' });
  t.is(collector.counts.handshakes, 1);
  first.sayCloseNotify();
  await first.ending();
  first.fin();
  await second.connected();

  await until(() => collector.counts.handshakes === 2, { what: 'the second handshake' });
  t.pass();
});

test('shows another certificate from the second connection on', async (t) => {
  const { pki } = t.context;
  const other = await pki.leaf('wrong-name');
  const collector = await hostile(t, {}, { identities: [pki.collector, other] });

  const fingerprints: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    const one = await client(t, collector).connected();
    fingerprints.push(`sha-256:${one.tls.getPeerCertificate().fingerprint256}`);
  }

  t.deepEqual(fingerprints, [pki.collector.fingerprint, other.fingerprint, other.fingerprint]);
});

test('behaves otherwise from the next connection on when told so', async (t) => {
  const collector = await hostile(t, { close: 'never' });
  await afterCloseNotify(t, collector, 'TLSv1.3');

  collector.behave({ close: 'fin' });

  t.deepEqual(await (await afterCloseNotify(t, collector, 'TLSv1.3')).ending(), ['FIN']);
});
