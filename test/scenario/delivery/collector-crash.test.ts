import test from 'ava';
import { Stage } from '../../support/agent.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { collectingProcess } from '../../support/collecting.js';
import { storedIn } from '../../support/delivered.js';
import type { HostileProcess } from '../../support/hostile-process.js';
import { until } from '../../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

type End = (collector: HostileProcess, backlog: () => Promise<unknown>) => Promise<void>;
const ends: [what: string, end: End][] = [
  ['is killed', async (collector) => collector.signal('SIGKILL')],
  ['is told to stop', async (collector) => collector.signal('SIGTERM')],
  [
    'freezes and is killed',
    async (collector, backlog) => {
      collector.signal('SIGSTOP');
      await backlog();
      collector.signal('SIGKILL');
    },
  ],
];
for (const [what, end] of ends) {
  test(`no line is lost when the collector ${what} under load and comes back`, async (t) => {
    const stage = new Stage(t, { pki, collectors: [], delivery: { epochIntervalMs: 300 } });
    let collector = await collectingProcess(t, pki, stage.directory);
    const { port, file } = collector;
    stage.collectors.push({ host: 'localhost', port });
    const agent = await stage.start();
    const load = setInterval(() => stage.write(20), 10);
    t.teardown(() => clearInterval(load));
    for (let crash = 1; crash <= 3; crash += 1) {
      await until(() => collector.counts.messages > 300, { what: 'messages to arrive' });
      const { messages } = agent.state.counts;
      await end(collector, () => until(() => agent.state.counts.messages > messages + 500, { what: 'a backlog' }));
      await collector.exited;
      collector = await collectingProcess(t, pki, stage.directory, { port });
    }
    clearInterval(load);
    await until(() => agent.caughtUp && stage.complete(storedIn(file)), { what: 'all lines', everyMs: 100 });
    await agent.stop();

    const { lost, altered, renamed, holes, repeated } = stage.delivered(storedIn(file));
    t.log(`${stage.written} lines, ${repeated} repeated`);
    t.deepEqual({ lost, altered, renamed, holes }, { lost: [], altered: [], renamed: [], holes: [] });
    t.is(agent.delivery.lastLevel, 'close-notify');
  });
}
