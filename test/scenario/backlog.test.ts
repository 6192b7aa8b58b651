/** The collector was away for long: the agent starts with several segments behind it, and lines go on coming. */
import test from 'ava';
import { Stage } from '../support/agent.js';
import { makeTestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/wait.js';

test('a backlog is sent while new lines are read, and leaves the disk', async (t) => {
  const pki = await makeTestPki();
  t.teardown(() => pki.remove());
  const port = await freePort();
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port }],
    journal: { maxBytes: '32MiB' },
    times: { stopMs: 100 },
  });
  const first = await stage.start();
  stage.write(5_000, 4_000);
  await until(() => first.state.journal.messagesWaiting > 5_000, { what: 'the lines to be on disk' });
  t.true(first.state.journal.segments > 2);
  await first.stop();

  const second = await stage.start();
  const collector = await collecting(t, pki, { read: { bytesPerSecond: 20_000_000 } }, { port });
  await until(() => collector.messages.length > 0, { what: 'the backlog to be on its way' });
  let readMeanwhile = 0;
  for (let wave = 1; wave <= 5; wave += 1) {
    stage.write(100);
    await until(() => second.state.counts.lines === wave * 100, { what: 'new lines to be read' });
    if (second.state.journal.messagesWaiting > 1_000) readMeanwhile = wave * 100;
  }
  t.true(readMeanwhile > 0, 'lines are read while the backlog waits');
  await until(() => second.caughtUp && stage.complete(collector.messages), {
    what: 'all lines',
    everyMs: 100,
    timeoutMs: 90_000,
  });
  await until(() => second.state.journal.bytes < 2 * 1024 * 1024, { what: 'the backlog to leave the disk' });
  await second.stop();

  const { lost, altered, renamed, holes, disordered } = stage.delivered(collector.messages);
  t.deepEqual(
    { lost, altered, renamed, holes, disordered },
    { lost: [], altered: [], renamed: [], holes: [], disordered: 0 },
  );
});
