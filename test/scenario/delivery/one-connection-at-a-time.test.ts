import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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

test('a collector that serves one connection at a time is served one at a time, and that is remembered', async (t) => {
  const collector = await collecting(t, pki, { oneAtATime: true });
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    delivery: { epochIntervalMs: 100 },
    times: { nextLinkMs: 500 },
  });
  const agent = await stage.start();
  for (let wave = 1; wave <= 4; wave += 1) {
    stage.write(100);
    await until(() => agent.caughtUp && stage.complete(collector.messages), { what: `wave ${wave}` });
  }
  await agent.stop();

  const { lost, repeatedMessages, disordered } = stage.delivered(collector.messages);
  t.deepEqual({ lost, repeatedMessages, disordered }, { lost: [], repeatedMessages: 0, disordered: 0 });
  t.is(agent.delivery.lastLevel, 'close-notify');
  const remembered = JSON.parse(readFileSync(join(stage.journal, 'collectors.json'), 'utf8'));
  t.true(remembered[`localhost:${collector.port}`].oneAtATime);
});

test('a collector that was only away for a moment is not taken for one that serves one connection at a time', async (t) => {
  const collector = await collecting(t, pki);
  const { port } = collector;
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port }],
    delivery: { epochIntervalMs: 100 },
    times: SHORT_TIMES,
  });
  const agent = await stage.start();
  stage.write(10);
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'the first wave' });
  await collector.close();
  stage.write(10);
  await until(() => agent.delivery.lastFailure, { what: 'the failure' });
  const again = await collecting(t, pki, {}, { port });
  stage.write(10);
  const stored = () => [...collector.messages, ...again.messages];
  await until(() => agent.caughtUp && stage.complete(stored()), { what: 'the second wave' });
  await agent.stop();

  const remembered = JSON.parse(readFileSync(join(stage.journal, 'collectors.json'), 'utf8'));
  t.false(remembered[`localhost:${port}`].oneAtATime);
});
