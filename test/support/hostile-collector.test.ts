/** The tests of the tests: each mode of the hostile collector is exactly what a plain client sees. */
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { makeTestPki, type TestPki } from './certificates.js';
import type { Behaviour } from './hostile-behaviour.js';
import { HostileCollector, type HostileOptions } from './hostile-collector.js';
import { unreadBytes } from './kernel.js';
import { ALERT } from './tls-alert.js';
import { until } from './wait.js';
import { type Sign, WireClient } from './wire-client.js';

type Context = { pki: TestPki };

const test = anyTest as TestFn<Context>;
test.before(async (t) => {
  t.context.pki = await makeTestPki();
});
test.after.always((t) => t.context.pki?.remove());

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
type Version = (typeof VERSIONS)[number];

async function hostile(
  t: ExecutionContext<Context>,
  behaviour: Behaviour,
  options: Partial<HostileOptions> = {},
): Promise<HostileCollector> {
  const { ca, collector: identity } = t.context.pki;
  const collector = await HostileCollector.listen({ ca, identities: [identity], behaviour, ...options });
  t.teardown(() => collector.close());
  return collector;
}

function client(t: ExecutionContext<Context>, { port }: { port: number }, version?: Version): WireClient {
  const { ca, agent } = t.context.pki;
  const one = new WireClient({ port, ca, cert: agent.cert, key: agent.key, ...(version && { version }) });
  t.teardown(() => one.destroy());
  return one;
}

/** What 5 frames and a close_notify are followed by. */
async function afterCloseNotify(t: ExecutionContext<Context>, collector: HostileCollector, version: Version) {
  const one = await client(t, collector, version).connected();
  await one.write('1 a1 b1 c1 d1 e');
  one.sayCloseNotify();
  return one;
}

const answers: [title: string, close: Behaviour['close'], signs: string[]][] = [
  ['answers with close_notify and FIN', 'answer', ['close_notify', 'FIN']],
  ['answers with a FIN only', 'fin', ['FIN']],
  ['answers with a reset', 'reset', ['reset']],
];

for (const version of VERSIONS) {
  for (const [title, close, signs] of answers) {
    test(`${title} under ${version}`, async (t) => {
      const collector = await hostile(t, { ...(close && { close }) });

      const one = await afterCloseNotify(t, collector, version);

      t.deepEqual(await one.ending(), signs);
      t.deepEqual(collector.messages.map(String), ['a', 'b', 'c', 'd', 'e']);
      t.deepEqual(collector.counts, { connections: 1, handshakes: 1, messages: 5, closeNotifies: 1 });
    });
  }

  test(`never answers under ${version}, although it has read everything`, async (t) => {
    const collector = await hostile(t, { close: 'never' });

    const one = await afterCloseNotify(t, collector, version);
    await until(() => collector.counts.closeNotifies === 1, { what: 'the collector to see close_notify' });
    const other = await afterCloseNotify(t, await hostile(t, {}), version);
    await other.ending();

    t.deepEqual(one.signs, []);
    t.is(collector.counts.messages, 5);
  });

  test(`answers under ${version} and keeps its FIN until ours`, async (t) => {
    const collector = await hostile(t, { close: 'answer-without-fin' });

    const one = await afterCloseNotify(t, collector, version);
    await until(() => one.signs.length > 0, { what: 'close_notify' });
    t.deepEqual(one.signs, ['close_notify']);
    one.fin();

    t.deepEqual(await one.ending(), ['close_notify', 'FIN']);
  });

  test(`refuses our certificate by an alert under ${version}`, async (t) => {
    const alert = { level: 'fatal', description: ALERT.unknownCa } as const;
    const collector = await hostile(t, { handshake: { refuse: alert } });

    const one = client(t, collector, version);
    await one.ending();

    t.is(one.error?.code, 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA');
    t.is(one.tls.getFinished() !== undefined, true);
    t.is(collector.counts.handshakes, version === 'TLSv1.3' ? 1 : 0);
  });

  test(`sends an alert after the handshake under ${version}`, async (t) => {
    const alert = { level: 'fatal', description: ALERT.internalError } as const;
    const collector = await hostile(t, { send: { alert } });

    const one = await client(t, collector, version).connected();
    await until(() => one.error, { what: 'the alert' });

    t.is(one.error?.code, 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR');
  });

  test(`closes right after the handshake under ${version}`, async (t) => {
    const collector = await hostile(t, { handshake: 'then-close' });

    const one = await client(t, collector, version).connected();

    t.deepEqual(await one.ending(), ['close_notify', 'FIN']);
  });

  test(`speaks ${version} only`, async (t) => {
    const collector = await hostile(t, { tls: version });

    const good = await client(t, collector).connected();
    const bad = client(t, collector, version === 'TLSv1.2' ? 'TLSv1.3' : 'TLSv1.2');
    await bad.ending();

    t.is(good.tls.getProtocol(), version);
    t.is(bad.error?.code, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  for (const unread of [0, 1_000_000]) {
    test(`stops politely at close_notify under ${version} with ${unread} octets unread`, async (t) => {
      const collector = await hostile(t, { close: { stopWithUnreadBytes: unread } });
      const one = await client(t, collector, version).connected();

      const frame = `1000 ${'x'.repeat(1000)}`;
      for (let sent = 0; sent < 2000; sent += 1) one.tls.write(frame);
      one.sayCloseNotify();

      t.deepEqual(await one.ending(), ['close_notify', 'FIN']);
      const { messages } = collector.counts;
      t.true(messages * 1005 <= 2000 * 1005 - unread, `${messages} messages stored`);
    });
  }
}

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
