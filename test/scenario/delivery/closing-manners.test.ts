import test from 'ava';
import type { Level } from '../../../src/link/acknowledge.js';
import { SHORT_TIMES, Stage } from '../../support/agent.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { collecting } from '../../support/collecting.js';
import type { Close } from '../../support/hostile-behaviour.js';
import { until } from '../../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

const manners: [Close, Level][] = [
  ['answer', 'close-notify'],
  ['answer-without-fin', 'close-notify'],
  ['fin', 'fin'],
];
for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const [close, level] of manners) {
    test(`under ${version}, a collector that closes by ${close} stores each line once, at level ${level}`, async (t) => {
      const collector = await collecting(t, pki, { close, tls: version });
      const stage = new Stage(t, {
        pki,
        collectors: [{ host: 'localhost', port: collector.port }],
        delivery: { epochIntervalMs: 100 },
        times: { finMs: 300 },
      });
      const agent = await stage.start();
      for (let wave = 1; wave <= 4; wave += 1) {
        stage.write(200);
        await until(() => agent.caughtUp && stage.complete(collector.messages), { what: `wave ${wave}` });
      }
      await agent.stop();

      const { lost, repeatedMessages, holes, foreign } = stage.delivered(collector.messages);
      t.deepEqual({ lost, repeatedMessages, holes, foreign }, { lost: [], repeatedMessages: 0, holes: [], foreign: 0 });
      t.is(agent.delivery.lastLevel, level);
      t.is(agent.delivery.acknowledged, collector.messages.length);
      t.true(agent.delivery.epochs >= 4);
    });
  }
}

test('a collector that resets each close acknowledges nothing, and everything once it answers', async (t) => {
  const collector = await collecting(t, pki, { close: 'reset' });
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    delivery: { epochIntervalMs: 100 },
    times: SHORT_TIMES,
  });
  stage.write(100);
  const agent = await stage.start();
  // Each connection succeeds, and none of them resets the backoff.
  const backsOff = () => agent.delivery.link.name === 'waiting' && agent.delivery.link.attempt >= 4;
  await until(backsOff, { what: 'the waits to grow' });
  await until(() => agent.delivery.stuck, { what: 'the problem to be told' });
  t.is(agent.said.filter(({ message }) => message.startsWith('Connected')).length, 1, 'told once, not each time');
  t.is(agent.delivery.acknowledged, 0);
  t.is(agent.delivery.lastLevel, undefined);

  collector.behave({});
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'the acknowledgement' });
  await agent.stop();

  const { lost, altered, renamed } = stage.delivered(collector.messages);
  t.deepEqual({ lost, altered, renamed }, { lost: [], altered: [], renamed: [] });
  t.is(agent.delivery.lastLevel, 'close-notify');
});

for (const oneAtATime of [false, true]) {
  test(`an answer that the collector takes back by a reset proves nothing${oneAtATime ? ', from one that serves one connection at a time' : ''}`, async (t) => {
    const collector = await collecting(t, pki, { close: 'answer-then-reset', oneAtATime });
    const stage = new Stage(t, {
      pki,
      collectors: [{ host: 'localhost', port: collector.port }],
      delivery: { epochIntervalMs: 100 },
      // Long beside what a busy machine may take from the collector's reset to the look for it.
      times: { ...SHORT_TIMES, nextLinkMs: 300, resetMs: 600 },
    });
    stage.write(100);
    const agent = await stage.start();
    await until(() => (agent.delivery.failures.unacknowledged ?? 0) >= 2, { what: 'the doubt' });
    t.is(agent.delivery.acknowledged, 0);
    t.regex(agent.delivery.lastFailure?.message ?? '', /reset the connection after it had closed it/);

    collector.behave({});
    await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'the acknowledgement' });
    await agent.stop();
    const { lost, altered, renamed } = stage.delivered(collector.messages);
    t.deepEqual({ lost, altered, renamed }, { lost: [], altered: [], renamed: [] });
  });
}

test('a collector that never answers a close is believed after three quiet epochs, and no sooner', async (t) => {
  const collector = await collecting(t, pki, { close: 'never' });
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    delivery: { epochIntervalMs: 100, windowMs: 300 },
    times: SHORT_TIMES,
  });
  stage.write(100);
  const agent = await stage.start();
  await until(() => collector.counts.closeNotifies === 2, { what: 'the second close_notify' });
  t.is(agent.delivery.acknowledged, 0);
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'the acknowledgement' });

  stage.write(100);
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'the second wave' });
  t.is(agent.delivery.lastLevel, 'window');
  t.deepEqual(stage.delivered(collector.messages).lost, []);
});

test('at level window sending goes on while the windows run, and what a crash leaves unacknowledged is sent again', async (t) => {
  const collector = await collecting(t, pki, { close: 'never' });
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    // No window ends while this test runs.
    delivery: { acknowledge: 'window', epochIntervalMs: 50, windowMs: 600_000 },
    times: { stopMs: 200 },
  });
  const agent = await stage.start();
  for (let wave = 1; wave <= 5; wave += 1) {
    stage.write(100);
    await until(() => collector.counts.closeNotifies >= wave && stage.complete(collector.messages), {
      what: `wave ${wave} while the windows of those before it run`,
    });
  }
  t.is(agent.delivery.acknowledged, 0);
  await agent.stop();

  const again = await stage.start();
  await until(() => again.delivery.sent >= 500, { what: 'all that no window has ended for' });
  await again.stop();
  t.deepEqual(stage.delivered(collector.messages).lost, []);
});

test('a collector that never answers is known by three epochs whose windows run side by side, and nothing is sent twice', async (t) => {
  const collector = await collecting(t, pki, { close: 'never' });
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    delivery: { epochIntervalMs: 50, windowMs: 3_000 },
    times: { answerMs: 20, stallMs: 60_000 },
  });
  const agent = await stage.start();
  for (let wave = 1; wave <= 3; wave += 1) {
    stage.write(100);
    await until(() => collector.counts.closeNotifies >= wave, { what: `the close of epoch ${wave}` });
  }
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'the acknowledgement' });
  await agent.stop();
  t.is(agent.delivery.lastLevel, 'window');
  const { lost, repeatedMessages } = stage.delivered(collector.messages);
  t.deepEqual({ lost, repeatedMessages }, { lost: [], repeatedMessages: 0 });
});
