import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import { runProgram } from '../../../src/cli/program.js';
import { type CapturedIo, capturedIo } from '../../support/captured-io.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { collecting } from '../../support/collecting.js';
import { fakeSystemd } from '../../support/fake-systemd.js';
import { temporaryDirectory } from '../../support/files.js';
import { freePort } from '../../support/free-port.js';
import { until } from '../../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

interface Place {
  readonly directory: string;
  readonly file: string;
  readonly messages: () => string[];
  readonly connections: () => number;
  configure(change?: object): Promise<void>;
}

async function place(t: ExecutionContext): Promise<Place> {
  const collector = await collecting(t, pki);
  const directory = temporaryDirectory(t);
  const file = join(directory, 'config.yaml');
  await mkdir(join(directory, 'log'));
  const configuration = {
    sources: [{ name: 'main', paths: [join(directory, 'log', 'main.log')], format: 'text' }],
    collectors: [{ host: 'localhost', port: collector.port }],
    tls: { ca: pki.caFile, cert: pki.agentCert, key: pki.agentKey },
    journal: { directory: join(directory, 'journal') },
    delivery: { epochInterval: '1s' },
  };
  const configure = (change: object = {}) => writeFile(file, stringify({ ...configuration, ...change }));
  await configure();
  return {
    directory,
    file,
    configure,
    messages: () => collector.messages.map(String),
    connections: () => collector.counts.connections,
  };
}

function started(
  t: ExecutionContext,
  { file }: Place,
  env: NodeJS.ProcessEnv = {},
): { io: CapturedIo; ended: Promise<void> } {
  const io = capturedIo({ env });
  const ended = runProgram(['run', '--config', file], io);
  t.teardown(async () => {
    io.interrupt();
    await Promise.allSettled([ended]);
  });
  return { io, ended };
}

function heard(at: Place, text: string): Promise<unknown> {
  return until(() => at.messages().some((message) => message.includes(text)), {
    what: `the collector to have ${text}`,
  });
}

test('SIGHUP takes up a source that was added, and loses nothing', async (t) => {
  const at = await place(t);
  const { io, ended } = started(t, at);
  await appendFile(join(at.directory, 'log', 'main.log'), 'before\n');
  await heard(at, '] before');

  const sources = ['main', 'second'].map((name) => ({
    name,
    paths: [join(at.directory, 'log', `${name}.log`)],
    format: 'text',
  }));
  await at.configure({ sources });
  io.hangUp();
  await heard(at, 'kind="configuration"');
  await appendFile(join(at.directory, 'log', 'second.log'), 'from the second\n');
  await heard(at, 'source="second"] from the second');

  io.interrupt();
  await ended;
  const lines = at.messages().filter((message) => message.includes('[audit@'));
  t.is(lines.length, 2);
  t.true(io.out().includes('The configuration was read again'));
});

test('SIGHUP is heard from the start to the very end, and one that comes during the start is heeded after it', async (t) => {
  const at = await place(t);
  const { io, ended } = started(t, at);
  await until(() => io.hangUp(), { what: 'SIGHUP to be heard' });
  t.deepEqual(at.messages(), []);
  await heard(at, 'kind="configuration"');

  io.interrupt();
  t.true(io.hangUp());
  await ended;
  t.true(io.hangUp());
});

test('a configuration with a fault changes nothing at SIGHUP, and the fault is told', async (t) => {
  const at = await place(t);
  const { io, ended } = started(t, at);
  await heard(at, 'kind="start"');

  await at.configure({ sorces: [] });
  io.hangUp();
  await until(() => io.out().includes('nothing is changed'), { what: 'the fault to be told' });
  await appendFile(join(at.directory, 'log', 'main.log'), 'after the fault\n');
  await heard(at, '] after the fault');

  io.interrupt();
  await ended;
  t.true(io.out().includes('did you mean sources?'));
  t.is(at.messages().filter((message) => message.includes('kind="start"')).length, 1);
});

test('what only a restart can change is named at SIGHUP', async (t) => {
  const at = await place(t);
  const { io, ended } = started(t, at);
  await heard(at, 'kind="start"');

  await at.configure({ journal: { directory: join(at.directory, 'elsewhere') } });
  io.hangUp();
  await heard(at, 'kind="configuration"');

  io.interrupt();
  await ended;
  t.regex(io.out(), /A change needs a restart.*part=journal/);
});

test('status tells how many connections have been made, for a SIEM may count them as logins', async (t) => {
  const at = await place(t);
  const { io, ended } = started(t, at);
  await heard(at, 'kind="start"');
  io.interrupt();
  await ended;

  const status = capturedIo();
  await runProgram(['status', '--config', at.file], status);
  // The first, and one more whenever one was asked for its acknowledgement.
  t.true(at.connections() >= 2);
  t.regex(status.out(), new RegExp(`^  connections made: ${at.connections()} in [\\d.]+ `, 'm'));
});

test('an agent that cannot start ends with status 2 and says which file is at fault', async (t) => {
  const at = await place(t);
  await at.configure({ tls: { ca: pki.caFile, cert: pki.agentCert, key: pki.collectorKey } });
  const { ended } = started(t, at);

  const error = await t.throwsAsync(ended);

  t.like(error, { code: 'usage' });
  t.true(error?.message.includes(pki.collectorKey));
});

test('systemd hears that the agent is ready, and lives, also while the collector is down', async (t) => {
  const at = await place(t);
  await at.configure({ collectors: [{ host: 'localhost', port: await freePort() }] });
  const systemd = await fakeSystemd(t);
  const { io, ended } = started(t, at, { ...systemd.env, WATCHDOG_USEC: '200000' });

  const heardAlive = async () => (await systemd.calls()).filter((call) => call.includes('WATCHDOG=1')).length >= 5;
  await until(heardAlive, { what: 'five signs of life' });
  const [first] = await systemd.calls();
  t.deepEqual(first?.[0], 'READY=1');
  t.regex(first?.[1] ?? '', /^STATUS=(OK|WAITING): /);
  await until(
    async () => /STATUS=WAITING: the collector is not available/.test(JSON.stringify(await systemd.calls())),
    {
      what: 'the live line',
    },
  );

  io.interrupt();
  await ended;
  t.true((await systemd.calls()).some((call) => call.includes('STOPPING=1')));
});

test('SIGHUP takes up how much is said, part by part', async (t) => {
  const at = await place(t);
  const { io, ended } = started(t, at);
  await heard(at, 'kind="start"');
  await at.configure({ log: { level: 'error', format: 'json' } });
  io.hangUp();
  await heard(at, 'kind="configuration"');
  const { length } = io.out();
  await appendFile(join(at.directory, 'log', 'main.log'), 'afterwards\n');
  await heard(at, '] afterwards');
  io.interrupt();
  await ended;

  t.regex(io.out(), /A change needs a restart.*part=log\.format/);
  t.is(io.out().slice(length), '', 'not even that it stops');
});

test('a reload is announced to systemd, and its end', async (t) => {
  const at = await place(t);
  const systemd = await fakeSystemd(t);
  const { io, ended } = started(t, at, systemd.env);
  await heard(at, 'kind="start"');
  io.hangUp();
  await heard(at, 'kind="configuration"');
  io.interrupt();
  await ended;

  const words = (await systemd.calls()).flat().map((assignment) => assignment.split('=')[0]);
  t.true(words.indexOf('RELOADING') > words.indexOf('READY'));
  t.is(words[words.indexOf('RELOADING') + 1], 'MONOTONIC_USEC');
  t.true(words.lastIndexOf('READY') > words.indexOf('RELOADING'));
});
