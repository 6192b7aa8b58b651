/** The disk flips bits in what waits for the collector: the log file still has the lines, and they are read again. */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { Stage } from '../support/agent.js';
import { makeTestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/wait.js';

test('lines that a damaged journal has lost are read again and arrive, and the collector is told', async (t) => {
  const pki = await makeTestPki();
  t.teardown(() => pki.remove());
  const port = await freePort();
  const stage = new Stage(t, { pki, collectors: [{ host: 'localhost', port }] });
  const first = await stage.start();
  for (let batch = 1; batch <= 20; batch += 1) {
    stage.write(50);
    await until(() => first.state.counts.lines === 50 * batch, { what: 'the lines to be read' });
  }
  await until(() => first.state.journal.messagesWaiting > 1000, { what: 'everything to be on disk' });
  await first.stop();
  await flipBits(join(stage.journal, 'segments'), 10);

  const collector = await collecting(t, pki, {}, { port });
  const second = await stage.start();
  await until(() => stage.complete(collector.messages), { what: 'all lines to arrive' });
  await until(() => second.caughtUp, { what: 'everything to be acknowledged' });

  const gaps = collector.messages.map(String).filter((message) => message.includes('kind="gap"'));
  t.true(gaps.length > 0);
  t.true(gaps.every((gap) => gap.includes('reason="journal-damaged"') && gap.includes('missing="')));
  t.true(second.state.journal.damages > 0);
  t.true(second.state.journal.quarantined > 0);
  t.true(second.said.some(({ message }) => message === 'What the journal had lost was read again'));
  await second.stop();

  const third = await stage.start();
  await until(() => third.caughtUp, { what: 'the third start to be acknowledged' });
  await third.stop();
  const again = collector.messages.map(String).filter((message) => message.includes('kind="gap"'));
  t.is(again.length, gaps.length, 'damage is told once');
});

/** One bit at each of `count` places spread over the largest segment's entries. */
async function flipBits(directory: string, count: number): Promise<void> {
  const names = await readdir(directory);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size));
  const largest = names[sizes.indexOf(Math.max(...sizes))]!;
  const file = await open(join(directory, largest), 'r+');
  const { size } = await file.stat();
  for (let place = 1; place <= count; place += 1) {
    const offset = Math.floor((size * place) / (count + 1));
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, offset);
    byte[0]! ^= 0x10;
    await file.write(byte, 0, 1, offset);
  }
  await file.close();
}
