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
