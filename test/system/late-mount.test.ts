/** A volume that is mounted over the directory of a followed log while the agent runs, and unmounted again. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { Stage } from '../support/agent.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { append, temporaryDirectory } from '../support/files.js';
import { until } from '../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

test('a volume mounted over a log is followed, and what it hid goes on when it is away again', async (t) => {
  const log = join(temporaryDirectory(t), 'logs', 'audit.log');
  mkdirSync(dirname(log));
  append(log, 'beneath 1');
  const collector = await collecting(t, pki);
  // A mount namespace of the agent's own: nothing stays mounted when it ends.
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    inside: ['unshare', '--mount', '--propagation', 'private'],
    source: { paths: [join(dirname(log), '*.log')] },
  });
  const agent = await stage.startProgram();
  const inside = (command: string) =>
    execFileSync('nsenter', ['--mount', '--target', `${agent.pid}`, 'sh', '-c', command]);
  const write = (line: string) => inside(`echo '${line}' >>${log}`);
  const arrived = async (line: string) =>
    until(() => collector.messages.some((message) => message.includes(`] ${line}`)), { what: `the line ${line}` });
  await arrived('beneath 1');

  inside(`mount -t tmpfs -o size=1m none ${dirname(log)}`);
  write('above 1');
  await arrived('above 1');
  write('above 2');
  await arrived('above 2');
  append(log, 'beneath 2');

  inside(`umount --lazy ${dirname(log)}`);
  await arrived('beneath 2');
  write('beneath 3');
  await arrived('beneath 3');

  const lines = collector.messages.map((message) => message.toString().split('] ').at(-1));
  const expected = ['above 1', 'above 2', 'beneath 1', 'beneath 2', 'beneath 3'];
  t.deepEqual(lines.filter((line) => /^(above|beneath)/.test(line ?? '')).sort(), expected);
  t.deepEqual(
    agent.log.filter((line) => line.includes('gone unread')),
    [],
  );
});
