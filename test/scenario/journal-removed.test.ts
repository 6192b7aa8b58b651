/** Somebody removes the newest part of the journal under the running agent, before anything of it has been sent. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Stage } from '../support/agent.js';
import { makeTestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/wait.js';

test('lines whose segment was removed are read again, told, and arrive without a restart', async (t) => {
  const pki = await makeTestPki();
  t.teardown(() => pki.remove());
  const port = await freePort();
  const stage = new Stage(t, { pki, collectors: [{ host: 'localhost', port }] });
  const agent = await stage.start();
  stage.write(100);
  await until(() => agent.state.journal.messagesWaiting > 100, { what: 'the lines to be on disk' });
  for (const name of readdirSync(join(stage.journal, 'segments'))) rmSync(join(stage.journal, 'segments', name));
  stage.write(100);

  const collector = await collecting(t, pki, {}, { port });
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines' });
  stage.write(100);
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'lines after that' });
  await agent.stop();

  const { lost, altered, renamed, holes } = stage.delivered(collector.messages);
  t.deepEqual({ lost, altered, renamed }, { lost: [], altered: [], renamed: [] });
  const gaps = collector.messages.map(String).filter((message) => message.includes('kind="gap"'));
  t.is(gaps.length, 1);
  const [, first, last] = /missing="[0-9a-f]{16}:(\d+)-(\d+)"/.exec(gaps[0] ?? '') ?? [];
  t.is(Number(last) - Number(first) + 1, holes.length, 'exactly what is missing is told');
});

test('after rm -rf of everything in the journal the agent says so, keeps others out, and loses no line', async (t) => {
  const pki = await makeTestPki();
  t.teardown(() => pki.remove());
  const port = await freePort();
  const stage = new Stage(t, { pki, collectors: [{ host: 'localhost', port }] });
  const agent = await stage.start();
  stage.write(100);
  await until(() => agent.state.journal.messagesWaiting > 100, { what: 'the lines to be on disk' });
  for (const name of readdirSync(stage.journal)) rmSync(join(stage.journal, name), { recursive: true });

  const listed = () => agent.state.problems.find(({ key }) => key === 'journal-removed');
  await until(() => listed() !== undefined, { what: 'the problem' });
  t.is(listed()?.level, 'error');
  const lock = join(stage.journal, 'lock');
  await until(() => existsSync(lock) && readdirSync(lock).length === 1, { what: 'the lock to stand again' });
  await t.throwsAsync(stage.start(), { code: 'journal-locked' });
  await until(() => listed()?.overMs !== undefined, { what: 'the problem to be over' });

  const collector = await collecting(t, pki, {}, { port });
  stage.write(100);
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines' });
  await agent.stop();
  const { lost, altered, renamed } = stage.delivered(collector.messages);
  t.deepEqual({ lost, altered, renamed }, { lost: [], altered: [], renamed: [] });
});
