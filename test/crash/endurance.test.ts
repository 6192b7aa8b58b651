/** What takes hundreds of connections: politeness that lies, cuts inside frames, a thousand epochs. */
import test from 'ava';
import { SHORT_TIMES, Stage } from '../support/agent.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { runEpochs } from '../support/many-epochs.js';
import { until } from '../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

const QUICK = { ...SHORT_TIMES, stallMs: 10_000, backoff: { initialMs: 1, maxMs: 5 }, holdOffMs: 1, quietMs: 20 };

test.serial('five hundred stops with a megabyte unread, each behind a polite close_notify', async (t) => {
  const behaviour = { close: { stopWithUnreadBytes: 1_000_000 } };
  let collector = await collecting(t, pki);
  const { port } = collector;
  const stored: Buffer[] = [];
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port }],
    delivery: { epochIntervalMs: 100 },
    times: { ...QUICK, signOfLifeMs: 200 },
  });
  const agent = await stage.start();
  stage.write(20);
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'the collector to be known' });
  const { acknowledged } = agent.delivery;
  await collector.close();
  stored.push(...collector.messages);
  collector = await collecting(t, pki, behaviour, { port });
  for (let stop = 1; stop <= 500; stop += 1) {
    stage.write(20);
    await until(() => collector.counts.closeNotifies > 0, {
      what: `stop ${stop}`,
      timeoutMs: 60_000,
      everyMs: 2,
    });
    await collector.close();
    stored.push(...collector.messages);
    t.is(agent.delivery.acknowledged, acknowledged);
    collector = await collecting(t, pki, stop === 500 ? {} : behaviour, { port });
  }
  await until(() => agent.caughtUp && stage.complete([...stored, ...collector.messages]), { what: 'all lines' });
  await agent.stop();
  const { lost, repeated, altered, renamed, holes } = stage.delivered([...stored, ...collector.messages]);
  t.log(`${stage.written} lines, 500 stops: ${lost.length} lost, ${repeated} repeated`);
  t.deepEqual({ lost, altered, renamed, holes }, { lost: [], altered: [], renamed: [], holes: [] });
});

test.serial('five hundred connections cut inside a frame', async (t) => {
  const collector = await collecting(t, pki, { cut: { afterBytes: 9_973, how: 'reset' } });
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    delivery: { epochIntervalMs: 50 },
    times: { ...QUICK, signOfLifeMs: 10, resetMs: 10 },
  });
  const agent = await stage.start();
  while (collector.counts.connections < 500) {
    stage.write(100);
    await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'a wave', timeoutMs: 120_000 });
  }
  await agent.stop();
  const { lost, repeated, altered, renamed, holes, foreign } = stage.delivered(collector.messages);
  t.log(
    `${stage.written} lines, ${collector.counts.connections} connections: ${lost.length} lost, ${repeated} repeated`,
  );
  t.deepEqual(
    { lost, altered, renamed, holes, foreign },
    { lost: [], altered: [], renamed: [], holes: [], foreign: 0 },
  );
});

test.serial('a thousand epochs leave no descriptor and no listener behind', async (t) => {
  await runEpochs(t, pki, 1_000);
});
