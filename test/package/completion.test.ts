import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { completion } from '../../.ci/package/completion.js';
import { describedProgram } from '../../.ci/package/described-program.js';

const run = promisify(execFile);
const script = completion(await describedProgram());

/** What bash offers behind these words, the last of which is being typed. */
async function offered(t: ExecutionContext, ...words: string[]): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'completion-'));
  t.teardown(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'completion'), script);
  await writeFile(join(directory, 'cacert.pem'), '');
  const asked = `source ./completion; COMP_WORDS=(openemr-audit-forwarder "$@"); COMP_CWORD=$#
_openemr_audit_forwarder; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await run('bash', ['--norc', '-uc', asked, 'bash', ...words], {
    cwd: directory,
    // As --norc: bash complains of a locale that the machine lacks, and reads its rc file when its input is a socket.
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  t.is(stderr, '');
  return stdout.split('\n').filter((word) => word !== '');
}

test('commands are offered first', async (t) => {
  const words = await offered(t, '');
  for (const command of ['run', 'check', 'status', 'cert', 'verify', '--help'])
    t.true(words.includes(command), command);
});

test('a command is completed', async (t) => t.deepEqual(await offered(t, 'chec'), ['check']));

test('a family has its own commands', async (t) => {
  const words = await offered(t, 'cert', '');
  t.true(words.includes('request'));
  t.false(words.includes('status'));
});

test('options are those of the command, and --config', async (t) => {
  t.deepEqual(await offered(t, 'cert', 'request', '--sub'), ['--subject']);
  const words = await offered(t, 'check', '--');
  for (const option of ['--offline', '--help', '--config']) t.true(words.includes(option), option);
  t.false(words.includes('--subject'));
});

test('an option before it does not hide the command', async (t) => {
  t.deepEqual(await offered(t, '--config', '/c.yaml', 'status', '--wa'), ['--watch']);
});

test('choices are offered, and files where a file is asked for', async (t) => {
  t.deepEqual(await offered(t, 'cert', 'issue', '--key-type', 'p-'), ['p-256', 'p-384']);
  t.deepEqual(await offered(t, 'send', '--ca', 'ca'), ['cacert.pem']);
  t.deepEqual(await offered(t, 'cert', 'show', 'ca'), ['cacert.pem']);
});

test('the same option has the choices of its own command', async (t) => {
  t.deepEqual(await offered(t, 'listen', '--verify', ''), ['require', 'request', 'none']);
  t.deepEqual(await offered(t, 'send', '--verify', ''), ['name', 'chain']);
});

test('where a word of no kind is asked for, nothing is offered', async (t) => {
  t.deepEqual(await offered(t, 'send', '--host', ''), []);
});
