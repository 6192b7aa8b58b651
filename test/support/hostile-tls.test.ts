/** The tests of the tests: what a hostile collector does in TLS is what a plain client sees, under both versions. */
import anyTest, { type TestFn } from 'ava';
import { makeTestPki } from './certificates.js';
import type { WithPki } from './collector.js';
import { afterCloseNotify, client, hostile, VERSIONS } from './hostile.js';
import type { Behaviour } from './hostile-behaviour.js';
import { ALERT } from './tls-alert.js';
import { until } from './wait.js';

const test = anyTest as TestFn<WithPki>;
test.before(async (t) => {
  t.context.pki = await makeTestPki();
});
test.after.always((t) => t.context.pki?.remove());

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
      t.like(collector.counts, { connections: 1, handshakes: 1, messages: 5, closeNotifies: 1 });
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
