/** What the system denies: descriptors, file watches, permission. Reading waits or goes another way; no line is lost. */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { makeBundle } from '../../.ci/package/bundle.js';
import { readRelease } from '../../.ci/package/release.js';
import { Stage, type StageOptions } from '../support/agent.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { append, temporaryDirectory } from '../support/files.js';
import { runProgram } from '../support/program.js';
import { until } from '../support/wait.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const NOBODY = { uid: 65_534, gid: 65_534 };
const AS_NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

async function begin(t: ExecutionContext, options: Omit<StageOptions, 'pki' | 'collectors'>) {
  const collector = await collecting(t, pki);
  const stage = new Stage(t, { pki, collectors: [{ host: 'localhost', port: collector.port }], ...options });
  /** The lines that have arrived, by their text behind the structured data. */
  const lines = () => new Set(collector.messages.map((message) => message.toString().split('] ').at(-1)));
  return { stage, lines };
}

test('ten thousand files are read by a process that may open 256', async (t) => {
  const directory = temporaryDirectory(t);
  const logs = Array.from({ length: 10_000 }, (_, n) => join(directory, `${n % 100}`, `${n}.log`));
  for (let n = 0; n < 100; n++) mkdirSync(join(directory, `${n}`));
  for (const log of logs) writeFileSync(log, `${log} first\n`);
  const { stage, lines } = await begin(t, {
    inside: ['prlimit', '--nofile=256:256'],
    source: { paths: [join(directory, '*', '*.log')] },
  });
  const agent = await stage.startProgram();
  const all = (word: string) => () => {
    const arrived = lines();
    return logs.every((log) => arrived.has(`${log} ${word}`));
  };
  await until(all('first'), { what: 'a line of each file', timeoutMs: 90_000, everyMs: 500 });

  for (const log of logs) append(log, `${log} second`);
  await until(all('second'), { what: 'another line of each file', timeoutMs: 90_000, everyMs: 500 });
  t.deepEqual(
    agent.log.filter((line) => /EMFILE|gone unread/.test(line)),
    [],
  );
});

test('a thousand files are read by a process that may open 64, the program being a few files as in the packages', async (t) => {
  const { program } = await makeBundle(await readRelease({ quick: true }), temporaryDirectory(t));
  const directory = temporaryDirectory(t);
  const logs = Array.from({ length: 1000 }, (_, n) => join(directory, `${n}.log`));
  for (const log of logs) append(log, `${log} first`);
  const inside = ['prlimit', '--nofile=64:64'];
  const { stage, lines } = await begin(t, { inside, program, source: { paths: [join(directory, '*.log')] } });
  const agent = await stage.startProgram();
  for (const word of ['first', 'second']) {
    if (word === 'second') for (const log of logs) append(log, `${log} second`);
    const all = () => {
      const arrived = lines();
      return logs.every((log) => arrived.has(`${log} ${word}`));
    };
    await until(all, {
      what: `the ${word} line of each file`,
      timeoutMs: 60_000,
      everyMs: 200,
    });
  }
  t.deepEqual(
    agent.log.filter((line) => /EMFILE|gone unread|polling/.test(line)),
    [],
  );

  const config = join(stage.directory, 'config.yaml');
  const checked = await runProgram('prlimit', [
    '--nofile=64:64',
    process.execPath,
    program,
    'check',
    '--offline',
    '--config',
    config,
  ]);
  t.is(checked.status, 0, checked.output);
  t.notRegex(checked.output, /EMFILE/);
});

/** A limit of inotify that the agent has for itself, in a user namespace of its own: nobody else's changes, whatever happens. */
class OwnLimit {
  constructor(readonly name: 'max_inotify_instances' | 'max_inotify_watches') {}

  /** Starts what follows under the limit. */
  inside(limit: number): string[] {
    const set = `echo ${limit} >/proc/sys/user/${this.name} && exec "$@"`;
    return ['unshare', '--user', '--map-root-user', 'sh', '-c', set, 'sh'];
  }

  change(pid: number, limit: number): void {
    const set = `echo ${limit} >/proc/sys/user/${this.name}`;
    execFileSync('nsenter', ['--user', '--target', `${pid}`, 'sh', '-c', set]);
  }
}

const saying = (log: readonly string[], words: string) => log.filter((line) => line.includes(words));

for (const [what, limit, remedy] of [
  ['watcher', new OwnLimit('max_inotify_instances'), /fs\.inotify\.max_user_instances/],
  ['watch', new OwnLimit('max_inotify_watches'), /fs\.inotify\.max_user_watches/],
] as const) {
  test(`without a file ${what} the agent says so once and polls, and goes back when it gets one`, async (t) => {
    const { stage, lines } = await begin(t, { inside: limit.inside(0) });
    append(stage.log, 'before');
    const agent = await stage.startProgram();
    await until(() => lines().has('before'), { what: 'the first line' });
    append(stage.log, 'second');
    await until(() => lines().has('second'), { what: 'the second line' });
    const told = saying(agent.log, 'polling instead');
    t.is(told.length, 1, agent.log.join('\n'));
    t.regex(told[0] ?? '', remedy);
    t.deepEqual(saying(agent.log, 'Watching files again'), []);

    const [unshare = '', ...args] = [...limit.inside(0), process.execPath, MAIN, 'check', '--offline'];
    const checked = await runProgram(unshare, [...args, '--config', join(stage.directory, 'config.yaml')]);
    const [, hint = ''] = /^warning .*no more file watches.*\n +hint: (.*)$/m.exec(checked.stdout) ?? [];
    t.regex(hint, remedy, checked.output);

    limit.change(agent.pid, 100);
    await until(() => saying(agent.log, 'Watching files again').length === 1, { what: 'the agent to watch again' });
    append(stage.log, 'third');
    await until(() => lines().has('third'), { what: 'the third line' });
    t.is(saying(agent.log, 'polling instead').length, 1);
  });
}

test('a directory for which no watch is left is polled, the others stay watched, until there are more', async (t) => {
  const directory = temporaryDirectory(t);
  const [first, late] = ['first', 'late'].map((name) => join(directory, name, 'audit.log')) as [string, string];
  mkdirSync(dirname(first));
  append(first, 'one');
  const limit = new OwnLimit('max_inotify_watches');
  // One for the directory that holds the log, one for the directory where others may appear.
  const { stage, lines } = await begin(t, {
    inside: limit.inside(2),
    source: { paths: [join(directory, '*', 'audit.log')] },
  });
  const agent = await stage.startProgram();
  await until(() => lines().has('one'), { what: 'the first line' });
  t.deepEqual(saying(agent.log, 'polling instead'), []);

  mkdirSync(dirname(late));
  for (const [log, line] of [
    [late, 'two'],
    [first, 'three'],
    [late, 'four'],
  ] as const) {
    append(log, line);
    await until(() => lines().has(line), { what: `the line ${line}` });
  }
  const [told = '', ...more] = saying(agent.log, 'polling instead');
  t.regex(told, /ENOSPC.*watched=2 directories=3/);
  t.deepEqual(more, []);

  limit.change(agent.pid, 3);
  await until(() => saying(agent.log, 'Watching files again').length === 1, { what: 'the agent to watch again' });
  append(late, 'five');
  await until(() => lines().has('five'), { what: 'the last line' });
});

test('a file system that tells nothing of what is written is followed by looking alone', async (t) => {
  const directory = temporaryDirectory(t);
  const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map((name) => join(directory, name));
  for (const part of [lower, upper, work, merged]) mkdirSync(part!);
  // What is written underneath an overlay shows in it, and nobody who watches the overlay hears of it.
  append(join(upper!, 'audit.log'), 'before');
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  execFileSync('mount', ['--types', 'overlay', 'overlay', '--options', options, merged!]);
  t.teardown(() => execFileSync('umount', ['--lazy', merged!]));
  const { stage, lines } = await begin(t, { log: join(merged!, 'audit.log') });
  await stage.startProgram();
  await until(() => lines().has('before'), { what: 'the first line' });

  for (const word of ['second', 'third']) {
    append(join(upper!, 'audit.log'), word);
    await until(() => lines().has(word), { what: `the ${word} line`, timeoutMs: 40_000 });
  }
  t.pass();
});

const denials: readonly (readonly [string, (log: string) => void, RegExp])[] = [
  ['a file', (log) => chmodSync(log, 0o600), /^setfacl -m u:nobody:r \S+audit\.log$/],
  ['a directory', (log) => chmodSync(dirname(log), 0o700), /^setfacl -m u:nobody:rx \S+logs$/],
];

for (const [what, deny, expected] of denials) {
  test(`${what} that may not be read is named with the command that helps, and then read from its start`, async (t) => {
    const logs = join(temporaryDirectory(t), 'logs');
    mkdirSync(logs, { mode: 0o755 });
    chmodSync(dirname(logs), 0o755);
    const log = join(logs, 'audit.log');
    append(log, 'first', 'second');
    deny(log);
    const { stage, lines } = await begin(t, { inside: AS_NOBODY, source: { paths: [log] } });
    chmodSync(stage.directory, 0o755);
    chownSync(stage.journal, NOBODY.uid, NOBODY.gid);
    execFileSync('chown', ['--recursive', '65534:65534', dirname(pki.caFile)]);
    const agent = await stage.startProgram();
    await until(() => agent.state()?.files.some(({ path, code }) => path === log && code === 'EACCES'), {
      what: 'the file to be named as unreadable',
    });
    append(log, 'third');

    const [command = '', ...args] = [...AS_NOBODY, process.execPath, MAIN, 'check', '--offline'];
    const checked = await runProgram(command, [...args, '--config', join(stage.directory, 'config.yaml')]);
    t.regex(checked.stdout, /FAILED +source main: the agent.s user nobody cannot read \S+ \(EACCES\)/);
    const [, remedy = ''] = /hint: as root: (.*)/.exec(checked.stdout) ?? [];
    t.regex(remedy, expected);

    execFileSync('sh', ['-c', remedy]);
    await until(() => ['first', 'second', 'third'].every((line) => lines().has(line)), {
      what: 'all lines to arrive',
      timeoutMs: 30_000,
    });
    t.deepEqual(
      agent.log.filter((line) => line.includes('gone unread')),
      [],
    );
  });
}
