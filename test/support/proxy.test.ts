import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { makeTestPki, type TestPki } from './certificates.js';
import type { Behaviour } from './hostile-behaviour.js';
import { HostileCollector } from './hostile-collector.js';
import { TcpProxy } from './proxy.js';
import { until } from './wait.js';
import { WireClient } from './wire-client.js';

type Context = { pki: TestPki };

const test = anyTest as TestFn<Context>;
test.before(async (t) => {
  t.context.pki = await makeTestPki();
});
test.after.always((t) => t.context.pki?.remove());

async function behindProxy(t: ExecutionContext<Context>, behaviour: Behaviour = {}) {
  const { ca, collector: identity, agent } = t.context.pki;
  const collector = await HostileCollector.listen({ ca, identities: [identity], behaviour });
  const proxy = await TcpProxy.listen(collector.port, { record: true });
  const client = new WireClient({ port: proxy.port, ca, cert: agent.cert, key: agent.key });
  t.teardown(async () => {
    client.destroy();
    await proxy.close();
    await collector.close();
  });
  await client.connected();
  return { collector, proxy, client };
}

test('passes everything on, and ends by close_notify and FIN', async (t) => {
  const { collector, proxy, client } = await behindProxy(t);

  await client.write('1 a1 b');
  client.sayCloseNotify();

  t.deepEqual(await client.ending(), ['close_notify', 'FIN']);
  t.deepEqual(collector.messages.map(String), ['a', 'b']);
  t.is(Buffer.concat(proxy.recorded.toCollector).length, proxy.passed.toCollector);
  // A TLS record of the handshake comes first.
  t.is(proxy.recorded.toClient[0]?.[0], 22);
});

test('a black hole takes nothing and gives no sign, until it is lifted', async (t) => {
  const { collector, proxy, client } = await behindProxy(t);

  proxy.weather = { blackHole: true };
  const { toCollector } = proxy.passed;
  await client.write('1 a');
  client.sayCloseNotify();
  t.is(proxy.passed.toCollector, toCollector);
  t.deepEqual([client.signs, collector.messages], [[], []]);
  proxy.weather = {};

  t.deepEqual(await client.ending(), ['close_notify', 'FIN']);
  t.is(collector.messages.length, 1);
});

test('delays each way, in order', async (t) => {
  const { collector, proxy, client } = await behindProxy(t);
  proxy.weather = { delayMs: 50 };
  const began = performance.now();

  for (const letter of 'abcdef') await client.write(`1 ${letter}`);
  client.sayCloseNotify();

  t.deepEqual(await client.ending(), ['close_notify', 'FIN']);
  t.is(collector.messages.join(''), 'abcdef');
  t.true(performance.now() - began >= 100);
});

test('cuts after so many octets, with a reset on both sides', async (t) => {
  const { collector, proxy, client } = await behindProxy(t);
  const already = proxy.passed.toCollector;

  proxy.weather = { cutAfterBytes: already + 5000 };
  await client.write(`10000 ${'x'.repeat(10_000)}`);

  t.deepEqual(await client.ending(), ['reset']);
  t.is(proxy.passed.toCollector, already + 5000);
  t.is(collector.messages.length, 0);
});

test('half open: the client never learns that the collector has gone', async (t) => {
  const { collector, proxy, client } = await behindProxy(t);
  await until(() => collector.counts.handshakes === 1, { what: 'the handshake' });
  proxy.weather = { halfOpen: true };

  await collector.hangUp('close-notify');
  await until(() => client.signs.length > 0, { what: 'close_notify' });
  await client.write('1 a');

  t.deepEqual(client.signs, ['close_notify']);
});

test('leads new connections elsewhere when told so, and cuts the old', async (t) => {
  const { collector, proxy, client } = await behindProxy(t);
  const { ca, collector: identity, agent } = t.context.pki;
  const other = await HostileCollector.listen({ ca, identities: [identity] });

  proxy.target = other.port;
  proxy.cut();
  t.deepEqual(await client.ending(), ['reset']);
  const next = new WireClient({ port: proxy.port, ca, cert: agent.cert, key: agent.key });
  await until(() => other.counts.handshakes === 1, { what: 'a handshake with the other' });
  next.destroy();
  await other.close();

  t.is(collector.counts.connections, 1);
});
