/** What is at a followed path is not a log file: a FIFO, a socket, a device, a directory. Nothing of it is opened, nothing waits for it. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemFiles } from '../../../src/lib/files.js';
import { openContent } from '../../../src/source/read/content.js';
import { append, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';
import { within } from '../../support/wait.js';

const KINDS: Readonly<Record<string, (t: ExecutionContext, path: string) => unknown>> = {
  FIFO: (_, path) => execFileSync('mkfifo', [path]),
  socket: (t, path) => {
    const server = createServer();
    t.teardown(() => server.close());
    // By the directory's descriptor: a socket's path is 107 bytes long at most.
    const directory = openSync(dirname(path), 'r');
    t.teardown(() => closeSync(directory));
    return new Promise<void>((resolve) => server.listen(`/proc/self/fd/${directory}/${basename(path)}`, resolve));
  },
  'link to a device': (_, path) => symlinkSync('/dev/zero', path),
  directory: (_, path) => mkdirSync(path),
};

for (const [kind, make] of Object.entries(KINDS)) {
  test(`a ${kind} that matches beside a log holds nothing up`, async (t) => {
    const directory = temporaryDirectory(t);
    await make(t, join(directory, 'odd.log'));
    const log = join(directory, 'audit.log');
    append(log, 'one');
    const recorder = await Recorder.open(t, [{ paths: [join(directory, '*.log'), join(directory, 'odd.log')] }]);
    await recorder.expect(['one']);
    append(log, 'two');

    await recorder.expect(['one', 'two']);
    t.deepEqual(
      recorder.sources.files().map(({ path }) => path),
      [log],
    );
  });

  test(`a log that is deleted unread, and a ${kind} put in its place, is read to its end and let go`, async (t) => {
    const directory = temporaryDirectory(t);
    const log = join(directory, 'audit.log');
    append(log, 'one');
    const recorder = await Recorder.open(t, [{ paths: [log] }]);
    await recorder.expect(['one']);
    await recorder.pause();
    append(log, ...numbered('unread', 30_000));
    rmSync(log);
    await make(t, log);
    await recorder.quiet();
    recorder.resume();

    await recorder.expect(['one', ...numbered('unread', 30_000)]);
    await recorder.until(() => recorder.sources.files().length === 0, 'the file to be let go');
    renameSync(log, join(directory, 'odd'));
    append(log, 'a log again');
    await recorder.expect(['one', ...numbered('unread', 30_000), 'a log again']);
    t.deepEqual(recorder.notices, []);
  });
}

test('a FIFO that takes the place of a log between look and open is not waited for', async (t) => {
  const path = join(temporaryDirectory(t), 'audit.log');
  execFileSync('mkfifo', [path]);

  const content = await within(openContent(path, 0, systemFiles), { what: 'the FIFO to be opened', timeoutMs: 5_000 });
  t.false((await content.stat()).isFile);
  await content.close();
});
