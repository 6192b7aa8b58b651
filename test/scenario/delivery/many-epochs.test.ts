import { readdirSync } from 'node:fs';
import test from 'ava';
import { Stage } from '../../support/agent.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { collecting } from '../../support/collecting.js';
import { until } from '../../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

test('a long row of epochs leaves no descriptor and no listener behind', async (t) => {
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
  const load = setInterval(() => stage.write(1), 2);
  t.teardown(() => clearInterval(load));
  await until(() => agent.delivery.epochs >= 20, { what: 'twenty epochs' });
  const before = readdirSync('/proc/self/fd').length;
  await until(() => agent.delivery.epochs >= 120, { what: 'a hundred more', timeoutMs: 60_000 });
  clearInterval(load);
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines' });
  await until(() => readdirSync('/proc/self/fd').length <= before + 4, { what: 'the descriptors to be given back' });
  await agent.stop();

  t.deepEqual(warnings, []);
  t.is(stage.delivered(collector.messages).lost.length, 0);
});
