import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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

  t.regex(io.out(), /^PROBLEM: [^\n]*config\.yaml: \d faults in the configuration\n/);
  t.regex(error.message, /sourcse: no such key; did you mean sources\?/);
});

/** A configuration that names the journal and has a fault, and what its agent left there. */
function brokenPlace(t: ExecutionContext) {
  const at = place(t);
  writeFileSync(at.file, `${LEAST}\nsorces: []\njournal: { directory: ${at.journal} }\nstatus: { listen: off }\n`);
  return at;
}

test('with a fault in the configuration, status says first that the agent runs, then the fault, then the rest', async (t) => {
  const { leave, args } = brokenPlace(t);
  leave(fresh());
  const io = capturedIo();

  await t.throwsAsync(runProgram(args, io), { code: 'configuration' });

  const [first, second] = io.out().split('\n');
  t.is(first, 'PROBLEM: the agent runs, but its configuration file has a fault now');
  t.regex(second ?? '', /^ {2}\S+config\.yaml: a fault in the configuration: line \d+: sorces: no such key/);
  t.true(io.out().includes('journal: 0 messages not acknowledged yet'));
});

test('with a fault in the configuration, status says first that the agent is down and since when, and shows the backlog', async (t) => {
  const { leave, args } = brokenPlace(t);
  const link = { name: 'stopped' };
  leave({ journal: { ...WELL.journal, messagesWaiting: 42 }, delivery: { ...WELL.delivery, link } });
  const io = capturedIo();

  await t.throwsAsync(runProgram(args, io), { code: 'configuration' });

  const lines = io.out().split('\n');
  t.regex(lines[0] ?? '', /^PROBLEM: the agent is not running; last seen 2026-11-23 10:00:00Z \(/);
  t.true(lines.includes('  42 messages kept in the journal'));
  t.true(io.out().includes('sorces: no such key'));
  t.true(io.out().includes('journal: 42 messages not acknowledged yet'));
});

test('a YAML that cannot be parsed does not hide the agent either', async (t) => {
  const { leave, args, file, journal } = brokenPlace(t);
  writeFileSync(
    file,
    `journal:\n  directory: ${journal}\nstatus: { listen: off }\nsources:\n  - name: a\n     paths: [/x]\n`,
  );
  leave(fresh());
  const io = capturedIo();
  await t.throwsAsync(runProgram(args, io), { code: 'configuration' });
  t.regex(io.out(), /^PROBLEM: the agent runs, but/);
});

test('a state that is damaged is said to be, and not that there has never been an agent', async (t) => {
  const { journal, args } = place(t);
  for (const content of ['{"pid":', '{"pid":[]}', JSON.stringify({ ...WELL, delivery: null })]) {
    writeFileSync(join(journal, 'status.json'), content);
    const io = capturedIo();
    await runProgram(args, io);
    t.regex(io.out(), /^PROBLEM: the agent does not run, and the state .*status\.json is damaged\nhint: /);
  }
});

test('a state on disk that is late is asked of the agent itself', async (t) => {
  const { file, leave, args, journal } = place(t);
  const live = { ...WELL, config: file, journal: { ...WELL.journal, failed: 'no space is left' } };
  const server = createServer((_, response) => response.end(JSON.stringify(live))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  writeFileSync(file, `${LEAST}\njournal: { directory: ${journal} }\nstatus: { listen: '127.0.0.1:${port}' }\n`);
  leave({ writtenAtMs: Date.now() - 6_000 });
  const io = capturedIo();
  await runProgram(args, io);
  t.regex(io.out(), /^PROBLEM: no space is left\n/);
});

test('a program that asks for JSON gets none about a wrong configuration', async (t) => {
  const file = wrongConfiguration(t);
  const io = capturedIo();

  await t.throwsAsync(runProgram(['status', '--json', '--config', file], io), {
    code: 'configuration',
  });

  t.is(io.out(), '');
});

test('the journal of another agent is named as such, and nothing of it is shown', async (t) => {
  const { leave, args } = place(t);
  leave({ config: '/etc/openemr-audit-forwarder/first.yaml' });
  const io = capturedIo();

  await runProgram(args, io);

  t.regex(io.out(), /^PROBLEM: the journal \S+ is that of the agent of \S+first\.yaml, not of \S+config\.yaml\n/);
  t.regex(io.out(), /\nhint: set journal\.directory in \S+config\.yaml: .*forwarder-NAME\n$/);
  t.is(io.status(), 2);
  await t.throwsAsync(runProgram([...args, '--json'], capturedIo()), { code: 'other-agent' });
});

test('an agent is recognised by its configuration file, however its path is written', async (t) => {
  const { file, leave, args } = place(t);
  for (const config of [file, file.replace('/config', '/./config'), 'config.yaml']) {
    leave({ config });
    const io = capturedIo();
    await runProgram(args, io);
    t.notRegex(io.out(), /is that of the agent/);
  }
});
