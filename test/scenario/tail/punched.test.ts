/** `fallocate -p`: somebody frees the room that the head of a log takes, and the rest stays where it is. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import { append, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

const read = numbered('a line that has been read', 1_000);

function punch(log: string, bytes: number): void {
  execFileSync('fallocate', ['--punch-hole', '--offset', '0', '--length', `${bytes}`, log]);
}

for (const bytes of [4_096, 16_384]) {
  for (const when of ['while it is followed', 'while it is closed', 'while the agent is stopped']) {
    test(`a log whose first ${bytes} bytes are punched out ${when} is read on where it was`, async (t) => {
      const directory = temporaryDirectory(t);
      const log = join(directory, 'audit.log');
      append(log, ...read);
      const others = when === 'while it is closed' ? { maxOpenFiles: 1 } : {};
      const recorder = await Recorder.open(t, [{ paths: [join(directory, '*.log')] }], others);
      await recorder.expect(read);
      if (when === 'while it is closed') {
        append(join(directory, 'other.log'), 'other');
        await recorder.expect([...read, 'other']);
      }
      if (when === 'while the agent is stopped') await recorder.stop();
      punch(log, bytes);
      append(log, 'one more');
      if (when === 'while the agent is stopped') await recorder.start();

      const all = [...read, ...(when === 'while it is closed' ? ['other'] : []), 'one more'];
      await recorder.expect(all);
      await recorder.restart();
      append(log, 'and one');
      await recorder.expect([...all, 'and one']);
      t.deepEqual(recorder.notices, []);
    });
  }
}
