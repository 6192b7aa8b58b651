/** The disk under the state directory dies: ext4 answers every call with EIO. */
import test from 'ava';
import { Stage } from '../support/agent.js';
import { makeTestPki } from '../support/certificates.js';
import { collectingProcess } from '../support/collecting.js';
import { storedIn } from '../support/delivered.js';
import { freePort } from '../support/free-port.js';
import { Volume } from '../support/volume.js';
import { until } from '../support/wait.js';

test.serial(
  'a state directory whose disk has died is a PROBLEM for status and check, and after the repair nothing is lost',
  async (t) => {
    const pki = await makeTestPki();
    t.teardown(() => pki.remove());
    const volume = Volume.make(t, 'ext4', 64);
    const port = await freePort();
    const stage = new Stage(t, { pki, collectors: [{ host: 'localhost', port }], journal: { parent: volume.path } });
    const first = await stage.startProgram();
    stage.write(5_000);
    await until(() => (first.state()?.journal.messagesWaiting ?? 0) > 5_000, {
      what: 'the lines to be in the journal',
    });

    volume.shutDown();
    stage.write(1_000);
    const status = await stage.ask('status');
    t.is(status.status, 2, status.output);
    t.regex(status.stdout, /^PROBLEM: .*EIO/);
    t.notRegex(status.output, /unexpected|only just started/);
    const check = await stage.ask('check', '--offline');
    t.is(check.status, 1, check.output);
    t.regex(check.stdout, /^FAILED +journal .*EIO/m);
    t.notRegex(check.output, /unexpected/);
    t.true(first.running, first.log.slice(-3).join('\n'));
    t.is(await first.terminate(), 0, first.log.slice(-3).join('\n'));

    volume.repair(t);
    const { file } = await collectingProcess(t, pki, stage.directory, { port });
    const second = await stage.startProgram();
    await until(() => stage.complete(storedIn(file)), { what: 'all lines', everyMs: 100 });
    t.is(await second.terminate(), 0);
    const { lost, altered, renamed } = stage.delivered(storedIn(file));
    t.deepEqual({ lost, altered, renamed }, { lost: [], altered: [], renamed: [] });
  },
);
