import test from 'ava';
import { type Command, CommanderError } from 'commander';
import { describedProgram } from '../../.ci/package/described-program.js';
import { UsageError } from '../../src/cli/usage-error.js';
import { type CommandLine, namedLines, typedLines, wordsOf } from '../support/documented.js';
import { installedLines, linesIn, printedLines } from '../support/printed.js';

/** Commands, options and arguments are looked at as they would be; nothing is done. */
async function refused(args: readonly string[]): Promise<CommanderError | undefined> {
  const program = await describedProgram();
  doNothing(program);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    const cause = error instanceof UsageError ? error.cause : error;
    if (!(cause instanceof CommanderError)) throw error;
    if (cause.exitCode !== 0) return cause;
  }
  return undefined;
}

/** Within a sentence a line need not be whole. */
function isPart(error: CommanderError | undefined): boolean {
  return error === undefined || /^commander\.(missing|optionMissing|invalidArgument|help)/.test(error.code);
}

function doNothing(command: Command): void {
  if (command.commands.length === 0) command.action(() => undefined);
  for (const child of command.commands) doNothing(child);
}

const typed = typedLines();
const named = namedLines();

test('command lines are found in the documents', (t) => {
  t.true(typed.length > 15, `${typed.length} typed`);
  t.true(named.length > 10, `${named.length} named`);
});

/** The same line may stand in several places. */
function places(lines: readonly CommandLine[]): Map<string, CommandLine[]> {
  const found = new Map<string, CommandLine[]>();
  for (const line of lines) found.set(line.text, [...(found.get(line.text) ?? []), line]);
  return found;
}

for (const [text, [first, ...others]] of places(typed)) {
  test(`as documented in ${[first, ...others].map((line) => line?.place).join(', ')}: ${text}`, async (t) => {
    t.is((await refused(first?.args ?? []))?.message, undefined);
  });
}

for (const [text, [first]] of places(named)) {
  test(`as named in ${first?.place}: ${text}`, async (t) => {
    const error = await refused(first?.args ?? []);
    t.true(isPart(error), error?.message);
  });
}

const printed = printedLines();
const installed = installedLines();

test('command lines are found in what the program prints, and in what is installed', (t) => {
  t.true(printed.length > 25, `${printed.length} printed`);
  t.true(installed.length > 6, `${installed.length} installed`);
});

for (const [text, [first, ...others]] of places([...printed, ...installed])) {
  test(`as printed in ${[first, ...others].map((line) => line?.place).join(', ')}: ${text}`, async (t) => {
    const error = await refused(first?.args ?? []);
    t.true(isPart(error), error?.message);
  });
}

test('a command line is found within a sentence, and a wrong one, too', async (t) => {
  const argsIn = (text: string) => linesIn(text, '').map(({ args }) => args.join(' '));
  t.deepEqual(argsIn('openemr-audit-forwarder check says what helps; then it goes on'), ['check']);
  t.deepEqual(argsIn('run: openemr-audit-forwarder cert init . (for a test)'), ['cert init']);
  t.deepEqual(argsIn('grant what export --grants prints'), ['export --grants']);
  t.deepEqual(argsIn('systemctl restart openemr-audit-forwarder; it is safe'), []);
  for (const wrong of [
    'openemr-audit-forwarder chekc',
    'sudo openemr-audit-forwarder cert shwo',
    'use export --grant',
  ]) {
    const [line] = linesIn(wrong, '');
    t.false(isPart(await refused(line?.args ?? [])), wrong);
  }
});

test('a line that the program does not understand is found', async (t) => {
  t.regex((await refused(['chekc']))?.message ?? '', /unknown command/);
  t.regex((await refused(['check', '--of-line']))?.message ?? '', /unknown option/);
  t.regex((await refused(['verify']))?.message ?? '', /missing required argument/);
  t.regex((await refused(['cert', 'issue', '--key-type', 'dsa']))?.message ?? '', /is invalid/);
});

test('a line is split as a shell splits it', (t) => {
  t.deepEqual(wordsOf(`send --subject "/C=US/O=My Clinic" 'a b' x=y   # and so on`), [
    'send',
    '--subject',
    '/C=US/O=My Clinic',
    'a b',
    'x=y',
  ]);
  t.deepEqual(wordsOf('check && systemctl start x'), ['check']);
  t.deepEqual(wordsOf('cert show a.pem | less'), ['cert', 'show', 'a.pem']);
});
