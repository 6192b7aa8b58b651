/** The journal's file system meets an error and refuses every write, as ext4 does by default on Debian. */
import test from 'ava';
import { Stage } from '../support/agent.js';
import { makeTestPki } from '../support/certificates.js';
import { collectingProcess } from '../support/collecting.js';
import { storedIn } from '../support/delivered.js';
import { freePort } from '../support/free-port.js';
import { Volume } from '../support/volume.js';
import { until } from '../support/wait.js';

test.serial('a journal that has become read-only is sent, is told of once, and loses nothing', async (t) => {
  const pki = await makeTestPki();
  t.teardown(() => pki.remove());
  const volume = Volume.make(t, 'ext4', 64);
  const port = await freePort();
  const stage = new Stage(t, { pki, collectors: [{ host: 'localhost', port }], journal: { parent: volume.path } });
  const first = await stage.startProgram();
  stage.write(5_000);
  await until(() => (first.state()?.journal.messagesWaiting ?? 0) > 5_000, { what: 'the lines to be in the journal' });
  volume.failReadOnly();
  stage.write(1_000);
  await until(() => first.log.some((line) => line.includes('EROFS')), { what: 'the fault to be told' });

  const { file } = await collectingProcess(t, pki, stage.directory, { port });
  await until(() => storedIn(file).length > 5_000, { what: 'what the journal holds to be sent' });
  t.is(await first.terminate(), 0);
  const faults = first.log.filter((line) => line.includes('The journal cannot be written'));
  t.is(faults.length, 1);
  t.regex(faults[0] ?? '', /remedy="see in the kernel log/);

  volume.repair(t);
  const second = await stage.startProgram();
  await until(() => stage.complete(storedIn(file)), { what: 'all lines', everyMs: 100 });
  t.is(await second.terminate(), 0);
  const { lost, repeated, altered, renamed, holes } = stage.delivered(storedIn(file));
  t.log(`${repeated} repeated`);
  t.deepEqual({ lost, altered, renamed, holes }, { lost: [], altered: [], renamed: [], holes: [] });
  const verified = await stage.verify(file);
  t.is(verified.status, 0, verified.output);
});
