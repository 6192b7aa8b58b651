import { execFileSync } from 'node:child_process';
import { chmodSync, lchownSync, linkSync, mkdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { append, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

const WEB = 33;
/** Not this user: what the test makes belongs to another user than the agent's, unless root makes it. */
const AGENT = 64_997;

/** A link of the web server's user. */
function plant(target: string, path: string): void {
  symlinkSync(target, path);
  if (process.geteuid?.() === 0) lchownSync(path, WEB, WEB);
}

test('whoever writes to a log directory gets nothing sent but the lines of his logs', async (t) => {
  const top = temporaryDirectory(t);
  const [logs, state] = [join(top, 'logs'), join(top, 'state')];
  for (const directory of [logs, state]) mkdirSync(directory);
  for (const name of ['openemr.key', 'status.json', 'receipt.jsonl']) append(join(state, name), `secret of ${name}`);
  append(join(logs, 'audit.log'), ...numbered('line', 10));
  plant('/etc/passwd', join(logs, 'passwd.log'));
  plant('/proc/self/environ', join(logs, 'environ.log'));
  plant('/dev/zero', join(logs, 'zero.log'));
  plant('/', join(logs, 'rootdir'));
  plant(join(state, 'openemr.key'), join(logs, 'key.log'));
  plant(join(state, 'openemr.key'), join(logs, 'audit.log.1'));
  plant(state, join(logs, 'state'));
  linkSync(join(state, 'openemr.key'), join(logs, 'hard.log'));
  execFileSync('mkfifo', [join(logs, 'fifo.log')]);
  const socket = createServer().listen(join(logs, 'socket.log'));
  t.teardown(() => void socket.close());
  const names = ['passwd.log', 'environ.log', 'rootdir', 'key.log', 'audit.log.1', 'state', 'hard.log'];

  const recorder = await Recorder.open(t, [{ paths: [join(logs, '**', '*.log')] }], { ownPaths: [state], uid: AGENT });
  await recorder.expect(numbered('line', 10));
  await recorder.quiet();
  append(join(logs, 'audit.log'), 'one more');
  await recorder.expect([...numbered('line', 10), 'one more']);
  const named = recorder.told.filter(({ message }) => message.startsWith('A name in a log directory is not followed'));
  for (const name of names)
    t.true(
      named.some(({ facts }) => facts.path === join(logs, name)),
      name,
    );
  t.deepEqual(
    recorder.sources.files().map(({ path }) => path),
    [join(logs, 'audit.log')],
  );

  for (const name of [...names, 'zero.log']) unlinkSync(join(logs, name));
  const isOver = ({ message }: { message: string }) => message.startsWith('A name that was not followed is gone');
  await recorder.until(() => recorder.told.filter(isOver).length >= names.length, 'the problems to be over');
  await recorder.restart();
  await recorder.quiet();
  await recorder.expect([...numbered('line', 10), 'one more']);
});

test('a log that is replaced by a link to a file of somebody else is not followed there', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  append(log, 'one');
  const recorder = await Recorder.open(t, [{ paths: [log] }], { uid: AGENT });
  await recorder.expect(['one']);
  unlinkSync(log);
  plant('/etc/passwd', log);
  await recorder.quiet();
  unlinkSync(log);
  append(log, 'two');
  await recorder.expect(['one', 'two']);
  t.deepEqual(recorder.notices, []);
});

test('a hard link to a foreign file is refused where others can add names, and a log with a backup made of links stays', async (t) => {
  const top = temporaryDirectory(t);
  const logs = join(top, 'logs');
  mkdirSync(logs);
  chmodSync(logs, 0o777);
  writeFileSync(join(top, 'foreign'), 'not his line\n');
  linkSync(join(top, 'foreign'), join(logs, 'hard.log'));
  append(join(logs, 'audit.log'), 'one');
  const recorder = await Recorder.open(t, [{ paths: [join(logs, '*.log')] }], { uid: AGENT });
  await recorder.expect(['one']);

  linkSync(join(logs, 'audit.log'), join(top, 'backup'));
  append(join(logs, 'audit.log'), 'two');
  await recorder.expect(['one', 'two']);
  await recorder.restart();
  append(join(logs, 'audit.log'), 'three');
  await recorder.expect(['one', 'two', 'three']);
});
