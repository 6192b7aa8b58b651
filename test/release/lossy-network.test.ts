/** A network that loses packets, as a radio link or a full line does: the kernel's affair, and so a real one is needed. */
import { join } from 'node:path';
import test from 'ava';
import { Stage } from '../support/agent.js';
import { makeTestPki } from '../support/certificates.js';
import { storedIn } from '../support/delivered.js';
import { HostileProcess } from '../support/hostile-process.js';
import { NetworkNamespace } from '../support/network-namespace.js';
import { until } from '../support/wait.js';

test('a network that loses every tenth packet, and then all of them for a while, loses no line', async (t) => {
  const pki = await makeTestPki();
  t.teardown(() => pki.remove());
  const network = await NetworkNamespace.make(t);
  const { inside } = network;
  const stage = new Stage(t, { pki, collectors: [], inside });
  const file = join(stage.directory, 'stored.frames');
  const identities = [{ cert: pki.collector.cert, key: pki.collector.key }];
  const collector = await HostileProcess.start({ ca: pki.ca, identities, store: { file, as: 'frames' }, inside });
  t.teardown(() => collector.stop());
  stage.collectors.push({ host: 'localhost', port: collector.port });
  const load = setInterval(() => stage.write(20), 20);
  t.teardown(() => clearInterval(load));
  const agent = await stage.startProgram();

  await network.lose(0.1);
  await until(() => (agent.state()?.delivery.epochs ?? 0) >= 3, { what: 'three epochs', timeoutMs: 60_000 });
  t.true((await network.lost()) > 0);
  await network.lose(1);
  const { written } = stage;
  await until(() => stage.written >= written + 1_000, { what: 'lines to wait' });
  await network.lose(0.1);
  await until(() => stage.written >= written + 2_000, { what: 'more lines' });
  clearInterval(load);
  await until(() => stage.complete(storedIn(file)), { what: 'all lines', timeoutMs: 60_000, everyMs: 200 });
  t.is(await agent.terminate(), 0);

  const { lost, altered, renamed, holes, repeated } = stage.delivered(storedIn(file));
  t.log(`${stage.written} lines, ${repeated} repeated`);
  t.deepEqual({ lost, altered, renamed, holes }, { lost: [], altered: [], renamed: [], holes: [] });
});
