import test from 'ava';
import { SHORT_TIMES, Stage } from '../../support/agent.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { collecting } from '../../support/collecting.js';
import { until } from '../../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

test('when the first collector is gone the second takes over, and the first is gone back to when it is well', async (t) => {
  const first = await collecting(t, pki);
  const second = await collecting(t, pki);
  const { port } = first;
  const stage = new Stage(t, {
    pki,
    collectors: [
      { host: 'localhost', port },
      { host: 'localhost', port: second.port },
    ],
    delivery: { epochIntervalMs: 100 },
    times: { ...SHORT_TIMES, stallMs: 10_000 },
  });
  const agent = await stage.start();
  stage.write(100);
  await until(() => agent.caughtUp && stage.complete(first.messages), { what: 'the first collector to have all' });

  await first.close();
  stage.write(100);
  await until(() => agent.caughtUp && stage.complete([...first.messages, ...second.messages]), {
    what: 'the second collector to have the rest',
  });

  const again = await collecting(t, pki, {}, { port });
  await until(
    () => {
      stage.write(1);
      return again.messages.length > 0;
    },
    { what: 'the first collector to be gone back to', everyMs: 200 },
  );
  const stored = () => [...first.messages, ...second.messages, ...again.messages];
  await until(() => agent.caughtUp && stage.complete(stored()), { what: 'all to be acknowledged' });
  await agent.stop();
  const messages = stored();
  const { lost, altered, renamed } = stage.delivered(messages);
  t.deepEqual({ lost, altered, renamed }, { lost: [], altered: [], renamed: [] });
});

test('a dead first address of a name gives way to the next', async (t) => {
  const collector = await collecting(t, pki);
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    delivery: { epochIntervalMs: 100 },
    lookup: async () => ['127.0.0.2', '127.0.0.1'],
  });
  stage.write(100);
  const agent = await stage.start();
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines' });
  await agent.stop();
  t.is(stage.delivered(collector.messages).repeatedMessages, 0);
  t.deepEqual(agent.delivery.failures, {}, 'an address that works is no failure');
});

test('when a name moves to another address, the agent follows, and nothing is repeated', async (t) => {
  const before = await collecting(t, pki);
  const { port } = before;
  const after = await collecting(t, pki, {}, { address: '127.0.0.2', port });
  let address = '127.0.0.1';
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port }],
    delivery: { epochIntervalMs: 100 },
    times: { preferredEveryMs: 100 },
    lookup: async () => [address],
  });
  stage.write(100);
  const agent = await stage.start();
  await until(() => agent.caughtUp && stage.complete(before.messages), { what: 'the first address to have all' });

  address = '127.0.0.2';
  const moved = () => {
    stage.write(1);
    return after.messages.length > 0;
  };
  await until(moved, { what: 'the new address to be used', everyMs: 100 });
  const { length } = before.messages;
  stage.write(100);
  const stored = () => [...before.messages, ...after.messages];
  await until(() => agent.caughtUp && stage.complete(stored()), { what: 'all to be acknowledged' });
  await agent.stop();

  t.is(before.messages.length, length, 'the old address gets nothing any more');
  t.is(stage.delivered(stored()).repeatedMessages, 0);
  t.deepEqual(agent.delivery.failures, {});
});

test('a first collector that takes everything and acknowledges nothing gives way to the second', async (t) => {
  const first = await collecting(t, pki, { close: 'reset' });
  const second = await collecting(t, pki);
  const stage = new Stage(t, {
    pki,
    collectors: [
      { host: 'localhost', port: first.port },
      { host: 'localhost', port: second.port },
    ],
    delivery: { epochIntervalMs: 100 },
    times: { ...SHORT_TIMES, holdOffMs: 60_000 },
  });
  stage.write(1_000);
  const agent = await stage.start();
  await until(() => agent.caughtUp && stage.complete(second.messages), { what: 'the second collector to have all' });
  await agent.stop();

  t.true(first.messages.length > 0);
  t.is(agent.delivery.failures.reset, 1);
  t.is(agent.delivery.stuck, undefined);
  const { altered, renamed } = stage.delivered([...first.messages, ...second.messages]);
  t.deepEqual({ altered, renamed }, { altered: [], renamed: [] });
});

test('one connection at most carries messages at a time, whatever follows whatever', async (t) => {
  const first = await collecting(t, pki);
  const second = await collecting(t, pki);
  const stage = new Stage(t, {
    pki,
    collectors: [
      { host: 'localhost', port: first.port },
      { host: 'localhost', port: second.port },
    ],
    delivery: { epochIntervalMs: 50 },
    times: { ...SHORT_TIMES, stallMs: 10_000, signOfLifeMs: 20, resetMs: 20, preferredEveryMs: 20, holdOffMs: 300 },
  });
  const carriers: number[] = [];
  const note = (connection: number) => carriers.at(-1) !== connection && carriers.push(connection);
  first.onMessage = note;
  second.onMessage = (connection) => note(-connection);
  const load = setInterval(() => stage.write(5), 5);
  t.teardown(() => clearInterval(load));
  const agent = await stage.start();
  await until(() => agent.delivery.epochs >= 5, { what: 'five epochs' });
  await first.hangUp('reset');
  await until(() => agent.delivery.epochs >= 15, { what: 'ten more' });
  clearInterval(load);
  const stored = () => [...first.messages, ...second.messages];
  await until(() => agent.caughtUp && stage.complete(stored()), { what: 'all to be acknowledged' });
  await agent.stop();

  t.true(carriers.some((connection) => connection < 0) && carriers.length >= 15);
  t.is(new Set(carriers).size, carriers.length, 'none that another had followed carries messages again');
});

test('a resolver that is down at first is asked again', async (t) => {
  const collector = await collecting(t, pki);
  let asked = 0;
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    delivery: { epochIntervalMs: 100 },
    times: SHORT_TIMES,
    lookup: async () => {
      asked += 1;
      if (asked <= 3) throw Object.assign(new Error('getaddrinfo EAI_AGAIN localhost'), { code: 'EAI_AGAIN' });
      return ['127.0.0.1'];
    },
  });
  stage.write(100);
  const agent = await stage.start();
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines' });
  await agent.stop();
  t.is(agent.delivery.failures['no-dns'], 3);
});

test('a resolver that never answers does not hold up the end of the agent', async (t) => {
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'hie.example.org', port: 6514 }],
    lookup: () => new Promise(() => undefined),
  });
  const agent = await stage.start();
  await until(() => agent.state.journal.synced > 0, { what: 'the agent to be at work' });
  await t.notThrowsAsync(agent.stop());
});
