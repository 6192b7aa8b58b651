/** Heartbeats in the store of a real rsyslog: silence shows there, and is made up for afterwards. */
import { join } from 'node:path';
import test from 'ava';
import { runProgram } from '../../src/cli/program.js';
import { SHORT_TIMES, Stage } from '../support/agent.js';
import { capturedIo } from '../support/captured-io.js';
import { makeTestPki } from '../support/certificates.js';
import { Rsyslog } from '../support/rsyslog.js';
import { until } from '../support/wait.js';

/** What the program says of a store. */
async function verify(file: string) {
  const io = capturedIo();
  await runProgram(['verify', file], io);
  const [, at = '', age = '', seq = ''] = /^last heartbeat (\S+), (.+) ago \(\w+:(\d+)\)$/m.exec(io.out()) ?? [];
  return { status: io.status(), at, age, seq: Number(seq) };
}

test('heartbeats fall silent in the store while rsyslog is away, and none is missing afterwards', async (t) => {
  const pki = await makeTestPki();
  t.teardown(() => pki.remove());
  const stage = new Stage(t, { pki, collectors: [], message: { heartbeat: '1s' }, times: SHORT_TIMES });
  const file = join(stage.directory, 'stored');
  const before = await Rsyslog.start({ driver: 'gtls', pki, file });
  t.teardown(() => before.stop());
  const { port } = before;
  stage.collectors.push({ host: 'localhost', port });
  const agent = await stage.start();
  const isStored = async () => (await before.stored()).some((line) => line.includes('kind="heartbeat"'));
  await until(isStored, { what: 'a heartbeat to be stored' });
  const first = await verify(file);
  t.is(first.status, 0);
  t.regex(first.age, /^\d/);

  await before.terminate();
  const silent = await verify(file);
  await until(() => agent.delivery.link.name === 'waiting', { what: 'the outage to be noticed' });
  const { seq } = agent.state.last;
  await until(() => agent.state.last.seq >= seq + 2, { what: 'heartbeats to be made all the same' });
  t.is((await verify(file)).at, silent.at, 'the store has no newer one');

  const after = await Rsyslog.start({ driver: 'gtls', pki, file, port });
  t.teardown(() => after.stop());
  const newer = async () => {
    const found = await verify(file);
    return found.seq > seq + 2 && found;
  };
  const again = await until(newer, { what: 'heartbeats to be stored again', everyMs: 200, timeoutMs: 60_000 });
  t.is(again.status, 0, 'the store is complete, the heartbeats of the outage included');
  await agent.stop();
});
