/** A file is deleted while much of it is unread, and then the agent is told to stop: nobody else can read the rest. */
import { rmSync } from 'node:fs';
import test from 'ava';
import { Stage } from '../support/agent.js';
import { makeTestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { until } from '../support/wait.js';

test('what is unread of a deleted file is read before the agent stops, and not doubted after the next start', async (t) => {
  const pki = await makeTestPki();
  t.teardown(() => pki.remove());
  const collector = await collecting(t, pki);
  const stage = new Stage(t, { pki, collectors: [{ host: 'localhost', port: collector.port }] });
  const first = await stage.start();
  stage.write(1);
  await until(() => stage.complete(collector.messages), { what: 'the first line to arrive' });

  stage.write(100_000, 200);
  await until(() => collector.messages.length > 10, { what: 'some more lines to arrive' });
  rmSync(stage.log);
  await first.stop();
  const second = await stage.start();
  await until(() => stage.complete(collector.messages) && second.caughtUp, { what: 'all lines to arrive' });
  stage.write(1);
  await until(() => stage.complete(collector.messages), { what: 'a line of the next file to arrive' });
  await second.stop();

  t.deepEqual(stage.delivered(collector.messages).lost, []);
  t.false([...first.said, ...second.said].some(({ message }) => /gone unread/.test(message)));
});
