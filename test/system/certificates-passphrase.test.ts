/** A passphrase typed into a real terminal, which would echo it: script(1) of Debian lends one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { temporaryDirectory } from '../support/files.js';
import { runProgram } from '../support/program.js';
import { until } from '../support/wait.js';

const MAIN = new URL('../../src/main.js', import.meta.url).pathname;
const SECRET = 'correct horse';

/** What the terminal shows of a `cert` command. */
function terminal(t: ExecutionContext, ...args: string[]) {
  const line = [process.execPath, MAIN, 'cert', ...args].map((word) => `'${word}'`).join(' ');
  const child: ChildProcess = spawn('script', [
    '--quiet',
    '--flush',
    '--return',
    '--echo',
    'always',
    '--command',
    line,
    '/dev/null',
  ]);
  t.teardown(() => child.kill('SIGKILL'));
  let shown = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    shown += bytes.toString();
  });
  const exited = once(child, 'exit').then(() => child.exitCode);
  return {
    exited,
    shown: () => shown,
    type: (text: string) => child.stdin?.write(text),
    shows: (words: string) => until(() => shown.includes(words), { what: `the terminal to show ${words}` }),
  };
}

test('a passphrase is typed twice and never shown, and it is the one that opens the key', async (t) => {
  const directory = temporaryDirectory(t);
  const [out, key] = [join(directory, 'cacert.pem'), join(directory, 'cakey.pem')];
  const { type, shows, shown, exited } = terminal(t, 'ca', '--encrypt', '--out', out, '--key-out', key);
  await shows("New passphrase for the authority's key: ");
  type(`${SECRET}\n`);
  await shows('The same again: ');
  type(`${SECRET}\n`);
  t.is(await exited, 0);

  t.false(shown().includes(SECRET));
  t.false(shown().includes('correct'));
  t.regex(shown(), /Making an rsa-3072 key/);
  t.regex(readFileSync(key, 'utf8'), /BEGIN ENCRYPTED PRIVATE KEY/);
  const opened = await runProgram('openssl', ['pkey', '-in', key, '-noout', '-passin', 'stdin'], {
    stdin: `${SECRET}\n`,
  });
  t.is(opened.status, 0, opened.output);

  const later = terminal(
    t,
    'issue',
    '--subject',
    '/CN=x',
    '--dns',
    'x.example',
    '--key-type',
    'p-256',
    '--ca',
    out,
    '--ca-key',
    key,
    '--out',
    join(directory, 'x.pem'),
    '--key-out',
    join(directory, 'x.key'),
  );
  await later.shows('Passphrase of');
  later.type(`${SECRET}\n`);
  t.is(await later.exited, 0);
  t.false(later.shown().includes(SECRET));
  t.true(existsSync(join(directory, 'x.pem')));
});

test('Ctrl-C at the question and while a key is made ends the command, and nothing is written', async (t) => {
  const directory = temporaryDirectory(t);
  const files = ['--out', join(directory, 'cacert.pem'), '--key-out', join(directory, 'cakey.pem')];
  const asked = terminal(t, 'ca', '--encrypt', ...files);
  await asked.shows('New passphrase');
  asked.type('corr\u0003');
  t.is(await asked.exited, 1);
  t.regex(asked.shown(), /interrupted; nothing was changed/);

  const working = terminal(t, 'ca', '--key-type', 'rsa-4096', ...files);
  await working.shows('Making an rsa-4096 key');
  working.type('\u0003');
  t.not(await working.exited, 0);
  t.deepEqual(readdirSync(directory), []);
});
