/** More lines than the journal may hold, while no collector is there. */
import test, { type ExecutionContext } from 'ava';
import { type JournalPlace, Stage } from '../support/agent.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { freePort } from '../support/free-port.js';
import { asFrames } from '../support/stored.js';
import { until } from '../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

async function begin(t: ExecutionContext, journal: JournalPlace) {
  const port = await freePort();
  const stage = new Stage(t, { pki, collectors: [{ host: 'localhost', port }], journal });
  return { port, stage, agent: await stage.start() };
}

const own = (messages: readonly Buffer[], kind: string) =>
  messages.map(String).filter((message) => message.includes(`[agent@32473 kind="${kind}"`));

test('with whenFull: wait reading stops, is told, and goes on where it stopped', async (t) => {
  const { port, stage, agent } = await begin(t, { maxBytes: '16MiB', whenFull: 'wait' });
  stage.write(6_000, 4_000);
  await until(() => agent.state.journal.limit === 'maxBytes', { what: 'the journal to be full' });
  const read = agent.state.counts.lines;
  t.true(read < stage.written);
  t.true(agent.state.journal.bytes < 17 * 1024 * 1024);

  const collector = await collecting(t, pki, {}, { port });
  await until(() => stage.complete(collector.messages), { what: 'all lines', everyMs: 100 });
  await until(() => agent.caughtUp, { what: 'all to be acknowledged' });
  await agent.stop();
  const { lost, repeated, altered, renamed, holes, disordered } = stage.delivered(collector.messages);
  t.deepEqual({ lost, altered, renamed, holes }, { lost: [], altered: [], renamed: [], holes: [] });
  t.deepEqual({ repeated, disordered }, { repeated: 0, disordered: 0 });
  t.regex(own(collector.messages, 'full')[0] ?? '', / limit="maxBytes" bytes="\d+" free="\d+"\]$/);
  t.true(own(collector.messages, 'room').length > 0);
  t.true(agent.state.journal.bytes < 2 * 1024 * 1024, 'what is acknowledged has left the disk');
});

test('with whenFull: drop-oldest exactly what is dropped is counted and told', async (t) => {
  const { port, stage, agent } = await begin(t, { maxBytes: '16MiB', whenFull: 'drop-oldest' });
  for (let wave = 1; wave <= 12; wave += 1) {
    stage.write(1_200, 4_000);
    await until(() => agent.state.counts.lines === stage.written, { what: 'all lines to be read' });
  }
  const { dropped } = agent.state.journal;
  t.true(dropped > 0);
  t.false(agent.state.journal.full);

  const collector = await collecting(t, pki, {}, { port });
  await until(() => agent.caughtUp, { what: 'all to be acknowledged' });
  await agent.stop();
  const { lost, altered, renamed, holes } = stage.delivered(collector.messages);
  const words = own(collector.messages, 'dropped').flatMap((message) =>
    [...message.matchAll(/missing="([0-9a-f]{16}):(\d+)-(\d+)"/g)].flatMap(([, run, first, last]) =>
      Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => `${run}:${Number(first) + index}`),
    ),
  );
  const told = new Set(words);
  t.deepEqual(
    holes.filter((name) => !told.has(name)),
    [],
    'all that is missing is told',
  );
  t.is(told.size, holes.length, 'and nothing else is');
  t.is(told.size, dropped);
  t.true(lost.length > 0);
  t.deepEqual({ altered, renamed }, { altered: [], renamed: [] });

  const { status, stdout } = await stage.verify(stage.keep('store.frames', asFrames(collector.messages)));
  t.is(status, 1);
  t.true(
    stdout.replaceAll(',', '').includes(`${dropped} messages are missing; the agent reported ${dropped} of them`),
    stdout,
  );
});
