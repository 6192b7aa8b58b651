import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { runProgram } from '../../../src/cli/program.js';
import { capturedIo } from '../../support/captured-io.js';
import { LEAST } from '../../support/config.js';
import { temporaryDirectory } from '../../support/files.js';
import { WELL } from '../../support/sample-state.js';
import { until } from '../../support/wait.js';

/** The configuration of an agent, and what an agent leaves for status. */
function place(t: ExecutionContext) {
  const directory = temporaryDirectory(t);
  const journal = join(directory, 'journal');
  const file = join(directory, 'config.yaml');
  mkdirSync(journal);
  writeFileSync(file, `${LEAST}\njournal: { directory: ${journal} }\n`);
  const leave = (state: object) =>
    writeFileSync(join(journal, 'status.json'), JSON.stringify({ ...WELL, config: file, pid: process.pid, ...state }));
  return { journal, file, leave, args: ['status', '--config', file] };
}

const occurrences = (text: string, part: string) => text.split(part).length - 1;
const fresh = () => ({ writtenAtMs: Date.now() });

test('without an agent it says so, with how to start one', async (t) => {
  const { journal, args } = place(t);
  const io = capturedIo();
  await runProgram(args, io);
  t.is(
    io.out(),
    `PROBLEM: no agent has run with the journal ${journal}\nhint: start the agent: systemctl start openemr-audit-forwarder\n`,
  );
  t.is(io.status(), 2);
});

test('--watch prints it again and again into a pipe, without a control character, until interrupted', async (t) => {
  const { args, leave } = place(t);
  leave(fresh());
  const io = capturedIo();
  const ended = runProgram([...args, '--watch'], io);
  await until(() => occurrences(io.out(), 'OK: connected') === 1, { what: 'the first' });
  leave({ ...fresh(), delivery: { ...WELL.delivery, link: { name: 'stopped' } } });
  await until(() => io.out().includes('\n\nPROBLEM: the agent is not running'), { what: 'the agent’s end to be seen' });
  io.interrupt();
  await ended;
  t.deepEqual(
    [...io.out()].filter((character) => character < ' ' && character !== '\n'),
    [],
    'control characters',
  );
  t.is(io.status(), 2);
});

test('--watch --json is an object a line', async (t) => {
  const { args, leave } = place(t);
  leave(fresh());
  const io = capturedIo({ screen: { columns: 80, rows: 24 } });
  const ended = runProgram([...args, '--watch', '--json'], io);
  await until(() => occurrences(io.out(), '\n') === 2, { what: 'two of them' });
  io.interrupt();
  await ended;
  for (const line of io.out().trim().split('\n')) t.is(JSON.parse(line).verdict, 'OK');
});

test('--watch on a terminal draws over what it drew, at the size of the moment', async (t) => {
  const { args, leave, journal } = place(t);
  leave(fresh());
  const screen = { columns: 200, rows: 40 };
  const io = capturedIo({ screen });
  const ended = runProgram([...args, '--watch'], io);
  await until(() => io.out().includes('Problems now: none'), { what: 'all of it' });
  screen.rows = 5;
  await until(() => io.out().includes('more lines: make the window larger'), { what: 'the smaller window' });
  rmSync(join(journal, 'status.json'));
  await until(() => io.out().includes('PROBLEM: no agent has run'), { what: 'the state to be gone' });
  io.interrupt();
  await ended;
  const [, ...drawings] = io.out().split('\u001b[H');
  t.true(drawings.length >= 3);
  t.is(occurrences(io.out(), '\u001b[2J'), 1);
  // The cursor was never hidden, and no other screen was taken: there is nothing to give back.
  t.false(io.out().includes('\u001b[?'));
  t.true(io.out().endsWith('\n\u001b[J'));
});

function wrongConfiguration(t: ExecutionContext): string {
  const file = join(temporaryDirectory(t), 'config.yaml');
  writeFileSync(file, 'sourcse: []\n');
  return file;
}

test('a wrong configuration is a PROBLEM in the first line, which is all that monitoring shows', async (t) => {
  const file = wrongConfiguration(t);
  const io = capturedIo();

  const error = await t.throwsAsync(runProgram(['status', '--config', file], io));

  t.regex(io.out(), /^PROBLEM: \S+config\.yaml: \d faults in the configuration; [^\n]*\n$/);
  t.regex(error.message, /sourcse: no such key; did you mean sources\?/);
});

test('a program that asks for JSON gets none about a wrong configuration', async (t) => {
  const file = wrongConfiguration(t);
  const io = capturedIo();

  await t.throwsAsync(runProgram(['status', '--json', '--config', file], io), {
    code: 'configuration',
  });

  t.is(io.out(), '');
});

test('of a journal that is another agent’s nothing is told but that', async (t) => {
  const { leave, args } = place(t);
  leave({ config: '/etc/openemr-audit-forwarder/first.yaml' });
  const io = capturedIo();

  await runProgram(args, io);

  t.regex(io.out(), /^PROBLEM: the journal \S+ is that of the agent of \S+first\.yaml, not of \S+config\.yaml\n/);
  t.regex(io.out(), /\nhint: set journal\.directory in \S+config\.yaml: .*forwarder-NAME\n$/);
  t.is(io.status(), 2);
  await t.throwsAsync(runProgram([...args, '--json'], capturedIo()), { code: 'other-agent' });
});

test('an agent is known by its configuration, however that is named', async (t) => {
  const { file, leave, args } = place(t);
  for (const config of [file, file.replace('/config', '/./config'), 'config.yaml']) {
    leave({ config });
    const io = capturedIo();
    await runProgram(args, io);
    t.notRegex(io.out(), /is that of the agent/);
  }
});
