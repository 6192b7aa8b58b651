/** What takes hundreds of connections: politeness that lies, cuts inside frames, a thousand epochs. */
import { readdirSync } from 'node:fs';
import test from 'ava';
import { SHORT_TIMES, Stage } from '../support/agent.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
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
    times: { ...QUICK, signOfLifeMs: 10 },
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
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  t.teardown(() => process.off('warning', note));
  const collector = await collecting(t, pki);
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    delivery: { epochIntervalMs: 5 },
    times: { signOfLifeMs: 1, resetMs: 1, preferredEveryMs: 1 },
  });
  const agent = await stage.start();
  const load = setInterval(() => stage.write(1), 5);
  t.teardown(() => clearInterval(load));
  await until(() => agent.delivery.epochs >= 20, { what: 'twenty epochs' });
  const before = readdirSync('/proc/self/fd').length;
  await until(() => agent.delivery.epochs >= 1_000, { what: 'a thousand epochs', timeoutMs: 300_000 });
  clearInterval(load);
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines' });
  await until(() => readdirSync('/proc/self/fd').length <= before + 4, { what: 'the descriptors to be given back' });
  await agent.stop();
  t.deepEqual(warnings, []);
  t.deepEqual(stage.delivered(collector.messages).lost, []);
});
