import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { append, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

const read = numbered('a line that was read', 500);
const later = numbered('a line of later', 5);

test('a copy that somebody made of the log while the agent was stopped is not taken for the log', async (t) => {
  for (const backup of ['audit.log.bak', 'audit.log.1', 'audit.log.1.gz']) {
    const directory = temporaryDirectory(t);
    const log = join(directory, 'audit.log');
    append(log, ...read);
    const recorder = await Recorder.open(t, [{ paths: [join(directory, '*.log')] }]);
    await recorder.expect(read);

    await recorder.stop();
    if (backup.endsWith('.gz')) writeFileSync(join(directory, backup), gzipSync(readFileSync(log)));
    else copyFileSync(log, join(directory, backup));
    append(log, ...later);
    await recorder.start();
    await recorder.expect([...read, ...later]);
    await recorder.quiet();

    await recorder.expect([...read, ...later]);
    t.deepEqual(recorder.notices, []);
  }
});
