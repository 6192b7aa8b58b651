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

test('an agent that is killed under load loses nothing, and what it repeats has the same name and the same bytes', async (t) => {
  const collector = await collecting(t, pki);
  const stage = new Stage(t, { pki, collectors: [{ host: 'localhost', port: collector.port }] });
  const load = setInterval(() => stage.write(20), 10);
  t.teardown(() => clearInterval(load));
  for (let kill = 1; kill <= 3; kill += 1) {
    const { length } = collector.messages;
    const agent = await stage.startProgram();
    await until(() => collector.messages.length > length + 200, { what: 'messages to arrive' });
    await agent.kill();
  }
  clearInterval(load);
  const last = await stage.startProgram();
  await until(() => stage.complete(collector.messages), { what: 'all lines', everyMs: 100 });
  t.is(await last.terminate(), 0);

  const { lost, altered, renamed, holes, repeated } = stage.delivered(collector.messages);
  t.log(`${stage.written} lines, ${repeated} repeated`);
  t.deepEqual({ lost, altered, renamed, holes }, { lost: [], altered: [], renamed: [], holes: [] });
});
