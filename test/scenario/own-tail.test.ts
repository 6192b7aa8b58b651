/** A collector on this host writes what it gets into a file that is followed: the agent feeds itself. */
import { appendFile } from 'node:fs/promises';
import test from 'ava';
import { Stage } from '../support/agent.js';
import { makeTestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { until } from '../support/wait.js';

test('a file that fills with our own messages is told, and lines that are written to it still arrive', async (t) => {
  const pki = await makeTestPki();
  t.teardown(() => pki.remove());
  const collector = await collecting(t, pki);
  const stage = new Stage(t, { pki, collectors: [{ host: 'localhost', port: collector.port }] });
  const agent = await stage.start();
  stage.write(1);
  await until(() => stage.complete(collector.messages), { what: 'the first line to arrive' });

  await appendFile(stage.log, `${collector.messages.at(-1)}\n`);
  await until(() => agent.state.ownTails.length > 0, { what: 'the loop to be noticed' });
  stage.write(1);
  await until(() => stage.complete(collector.messages), { what: 'the second line to arrive', timeoutMs: 40_000 });

  t.deepEqual(agent.state.ownTails, [stage.log]);
  t.true(agent.said.some(({ message }) => message.includes('fills with our own messages')));
  await agent.stop();
});
