import { readFileSync } from 'node:fs';
import test from 'ava';
import { Command } from 'commander';
import { configFileOf } from '../../src/cli/config-option.js';
import type { Io } from '../../src/cli/io.js';
import { runProgram } from '../../src/cli/program.js';
import { UsageError } from '../../src/cli/usage-error.js';
import { capturedIo } from '../support/captured-io.js';
import { thisPackage } from '../support/package.js';

/** A program of two commands, one of them in a family. */
function run(args: string[], io = capturedIo()) {
  const seen: unknown[] = [];
  const copy = () =>
    new Command('copy')
      .argument('<from>')
      .option('--days <n>')
      .action((from: string, options: object, command: Command) => {
        seen.push(from, options, configFileOf(command));
      });
  const family = ({ stderr }: Io) =>
    new Command('cert').addCommand(new Command('show').action(() => void stderr.write('shown\n')));
  return { io, seen, done: runProgram(args, io, [copy, family]) };
}

test('a command gets its arguments and options', async (t) => {
  const { seen, io, done } = run(['copy', 'a', '--days', '3']);
  await done;
  t.deepEqual(seen, ['a', { days: '3' }, '/etc/openemr-audit-forwarder/config.yaml']);
  t.is(io.status(), 0);
});

for (const args of [
  ['--config', '/c.yaml', 'copy', 'a'],
  ['copy', '--config', '/c.yaml', 'a'],
  ['copy', 'a', '--config=/c.yaml'],
]) {
  test(`--config is understood everywhere: ${args.join(' ')}`, async (t) => {
    const { seen, done } = run(args);
    await done;
    t.is(seen[2], '/c.yaml');
  });
}

test('--version is that of the package, on standard output', async (t) => {
  const { io, done } = run(['--version']);
  await done;
  t.is(io.out(), `${JSON.parse(readFileSync(new URL('package.json', thisPackage), 'utf8')).version}\n`);
  t.is(io.status(), 0);
});

for (const arg of ['-v', '-V', 'version']) {
  test(`${arg} says the version, too`, async (t) => {
    const { io, done } = run([arg]);
    await done;
    t.regex(io.out(), /^\d+\.\d+\.\d+\S*\n$/);
  });
}

test('a number that is out of range is refused with the range', async (t) => {
  const refused = runProgram(['send', '--port', '70000', 'hello'], capturedIo());
  await t.throwsAsync(refused, { message: /a whole number from 1 to 65535 is expected/ });
});

for (const args of [['--help'], ['copy', '--help'], ['cert', 'show', '--help'], ['help', 'cert']]) {
  test(`help goes to standard output: ${args.join(' ')}`, async (t) => {
    const { io, done } = run(args);
    await done;
    t.regex(io.out(), /^Usage: openemr-audit-forwarder/);
    t.is(io.err(), '');
    t.is(io.status(), 0);
  });
}

test('help of a command shows --config, too', async (t) => {
  const { io, done } = run(['copy', '--help']);
  await done;
  t.regex(io.out(), /--config <file>/);
});

for (const args of [[], ['cert']]) {
  test(`without a command, help goes to standard error and the usage was wrong: [${args}]`, async (t) => {
    const { io, done } = run(args);
    await done;
    t.regex(io.err(), /^Usage: openemr-audit-forwarder/);
    t.is(io.out(), '');
    t.is(io.status(), 2);
  });
}

const wrong: [args: string[], message: string, hint: string][] = [
  [['cpoy'], "unknown command 'cpoy' (Did you mean copy?)", 'see: openemr-audit-forwarder --help'],
  [['copy'], "missing required argument 'from'", 'see: openemr-audit-forwarder copy --help'],
  [
    ['copy', 'a', 'b'],
    "too many arguments for 'copy'. Expected 1 argument but got 2.",
    'see: openemr-audit-forwarder copy --help',
  ],
  [
    ['copy', 'a', '--day', '3'],
    "unknown option '--day' (Did you mean --days?)",
    'see: openemr-audit-forwarder copy --help',
  ],
  [['cert', 'show', '-x'], "unknown option '-x'", 'see: openemr-audit-forwarder cert show --help'],
  [['--config'], "option '--config <file>' argument missing", 'see: openemr-audit-forwarder --help'],
];
for (const [args, message, hint] of wrong) {
  test(`wrong usage is one error with a hint: ${args.join(' ')}`, async (t) => {
    const { io, done } = run(args);
    const error = await t.throwsAsync(done, { instanceOf: UsageError, code: 'usage' });
    t.is(error.message, message);
    t.is(error.hint, hint);
    t.is(io.err() + io.out(), '');
  });
}

test('an error that a command throws is not changed', async (t) => {
  const failing = () => new Command('fail').action(() => Promise.reject(new RangeError('far')));
  await t.throwsAsync(runProgram(['fail'], capturedIo(), [failing]), { instanceOf: RangeError });
});
