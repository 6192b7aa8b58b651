import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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

/** Messages of each acknowledged epoch, in order, from the receipts. */
function epochsIn(journal: string): number[] {
  const directory = join(journal, 'receipts');
  return readdirSync(directory).flatMap((file) =>
    readFileSync(join(directory, file), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { messages: number }).messages),
  );
}

test('an agent that starts with a backlog has little outstanding until it is known to last', async (t) => {
  const collector = await collecting(t, pki);
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    times: { signOfLifeMs: 20, resetMs: 20, stopMs: 100 },
  });
  const first = await stage.start();
  await until(() => first.caughtUp, { what: 'the collector to be known' });
  await first.stop();
  collector.behave({ handshake: 'never' });
  stage.write(20_000, 300);
  const second = await stage.start();
  await until(() => second.state.counts.lines === stage.written, { what: 'the log to be read into the journal' });
  await second.stop();
  const before = epochsIn(stage.journal).length;

  collector.behave({});
  const third = await stage.start();
  await until(() => third.caughtUp && stage.complete(collector.messages), { what: 'all lines' });
  await third.stop();

  const [smallest = 0, ...larger] = epochsIn(stage.journal).slice(before);
  // 256 KiB are read at once, and that entry is sent as a whole.
  const entry = Math.ceil((256 * 1024) / 300);
  t.true(smallest <= entry + 1, `the first epoch had ${smallest} messages`);
  let present = smallest;
  for (const next of larger) {
    t.true(next <= 2 * present + entry, `${next} messages came after ${present}`);
    present = Math.max(present, next);
  }
  t.deepEqual(stage.delivered(collector.messages).lost, []);
});
