/**
 * The state directory of version 0.1.0, killed under load, and the agent of
 * today on it: no line is lost, and none is repeated but those that were in
 * transit when the collector of then was killed.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { Agent } from '../../src/agent/agent.js';
import { systemClock } from '../../src/lib/clock.js';
import { systemWorld } from '../../src/lib/context.js';
import { Problems } from '../../src/lib/problems.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { load } from '../support/config.js';
import { temporaryDirectory } from '../support/files.js';
import type { HostileCollector } from '../support/hostile-collector.js';
import { thisPackage } from '../support/package.js';
import { type Ended, runProgram } from '../support/program.js';
import { relocated, relocateJournal } from '../support/relocated-journal.js';
import { silent } from '../support/silent.js';
import { splitFrames } from '../support/split-frames.js';
import { asFrames } from '../support/stored.js';
import { readStrictly } from '../support/strict-syslog.js';
import { until } from '../support/wait.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const FIXTURE = fileURLToPath(new URL('test/fixtures/state-0.1.0/state.tar.gz', thisPackage));
const OLD_LOGS = '/var/log/openemr-audit';
/** A message that was acknowledged then. */
const RECEIVED = 'a84bc1c569c05236:7';
/** The rest of the line that was being written when everything stopped. */
const REST = '","comments":"","success":1}\n';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

interface Place {
  readonly logs: string;
  readonly state: string;
  /** What the collector of then had stored. */
  readonly stored: readonly Buffer[];
  /** All lines of the log files. */
  readonly lines: ReadonlySet<string>;
}

function unpacked(t: ExecutionContext): Place {
  const directory = temporaryDirectory(t);
  execFileSync('tar', ['--extract', '--gzip', '--strip-components=1', '--file', FIXTURE, '--directory', directory]);
  const logs = join(directory, 'logs');
  const state = join(directory, 'state');
  relocateJournal(state, (path) => path.replace(OLD_LOGS, logs));
  const stored = splitFrames(readFileSync(join(directory, 'stored.frames'))).messages;
  return { logs, state, stored, lines: linesIn(logs) };
}

function linesIn(logs: string): ReadonlySet<string> {
  const read = (name: string) => readFileSync(join(logs, name));
  const texts = [
    ...['audit.log', 'audit.log.1', 'other.log', 'table/table.tsv', 'table/table.tsv.1', 'text/notes.txt'].map(read),
    gunzipSync(read('audit.log.2.gz')),
  ].map(String);
  const [live = ''] = texts;
  texts[0] = `${live}${REST}`;
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => line !== '' && !line.startsWith('id\t'));
  return new Set(lines);
}

interface Sent {
  readonly line: string;
  /** run:seq */
  readonly name: string;
}

/** Lines of log files among messages, without those of the agent's own. */
function sentIn(messages: readonly Buffer[]): Sent[] {
  return messages.map(readStrictly).flatMap(({ elements, msg }) => {
    const audit = elements.get('audit@32473');
    if (audit === undefined) return [];
    const params = new Map(audit);
    const text = msg?.toString() ?? '';
    return [{ line: text.replace(/^\uFEFF/, ''), name: `${params.get('run')}:${params.get('seq')}` }];
  });
}

/** The agent of today on this state. */
async function start(t: ExecutionContext, { logs, state }: Place, collector: HostileCollector): Promise<Agent> {
  const zone = 'America/New_York';
  const config = await load(
    // JSON is YAML.
    JSON.stringify({
      sources: [
        { name: 'main', paths: [join(logs, '*.log')], format: 'openemr', timeZone: zone },
        { name: 'table', paths: [join(logs, 'table/*.tsv')], format: 'openemr-tsv', timeZone: zone },
        { name: 'notes', paths: [join(logs, 'text/*.txt')], format: 'text' },
      ],
      collectors: [{ host: 'localhost', port: collector.port }],
      tls: { ca: pki.caFile, cert: pki.agentCert, key: pki.agentKey },
      journal: { directory: state, keepFree: '0%' },
      message: { hostname: 'emr.clinic.example', heartbeat: '0s', enterpriseId: '32473' },
      delivery: { epochInterval: '1s' },
    }),
  );
  const report = { ...silent, child: () => silent };
  const agent = await Agent.start(config, {
    ...systemWorld,
    report,
    problems: new Problems(systemClock),
    version: '0.0.0',
  });
  t.teardown(() => agent.stop('teardown'));
  return agent;
}

const caughtUp = (agent: Agent) => {
  const { journal, files } = agent.state();
  return journal.entriesWaiting === 0 && journal.synced > 0 && files.every(({ lagBytes = 0 }) => lagBytes === 0);
};

test('an agent that starts on the state of 0.1.0 loses no line and repeats what was in transit, once', async (t) => {
  const place = unpacked(t);
  const collector = await collecting(t, pki);
  const agent = await start(t, place, collector);
  appendFileSync(join(place.logs, 'audit.log'), REST);

  const before = sentIn(place.stored);
  const missing = () => {
    const arrived = new Set([...before, ...sentIn(collector.messages)].map(({ line }) => line));
    return [...place.lines].filter((line) => !arrived.has(line));
  };
  await until(() => caughtUp(agent) && missing().length === 0, { what: 'every line' });
  await agent.stop('test');

  const now = sentIn(collector.messages);
  t.deepEqual(
    now.filter(({ line }) => !place.lines.has(line)),
    [],
    'nothing else is sent',
  );
  t.is(new Set(now.map(({ line }) => line)).size, now.length, 'nothing is sent twice');
  const names = new Map(before.map(({ line, name }) => [line, name]));
  const repeated = now.filter(({ line }) => names.has(line));
  t.is(repeated.length, 160, 'what was in transit');
  t.true(repeated.every(({ line, name }) => names.get(line) === name));
  t.deepEqual(collector.messages.filter((message) => message.includes('kind="gap"')).map(String), []);

  const stores = [place.stored, collector.messages].map((messages, index) => {
    const file = join(place.state, '..', `${index}.frames`);
    writeFileSync(file, asFrames(messages));
    return file;
  });
  const receipts = ['--receipts', join(place.state, 'receipts')];
  const verified = await program(...['verify', ...receipts, ...stores]);
  t.is(verified.status, 0, verified.output);
  t.regex(verified.output, /COMPLETE/);

  const count = collector.messages.length;
  const again = await start(t, place, collector);
  await until(() => caughtUp(again) && collector.messages.length > count, { what: 'the start of the next run' });
  await again.stop('test');
  t.deepEqual(sentIn(collector.messages.slice(count)), []);
});

test('what 0.1.0 wrote is written by this version to the octet', (t) => {
  const { state } = unpacked(t);
  const segment = readFileSync(join(state, 'segments', '00000000000000000006.segment'));
  t.true(relocated(segment, (path) => path).bytes.equals(segment));
});

test('status tells what 0.1.0 left, and the receipt of a line can be found', async (t) => {
  const { state, logs } = unpacked(t);
  const config = join(state, '..', 'config.yaml');
  writeFileSync(
    config,
    JSON.stringify({
      sources: [{ name: 'main', paths: [join(logs, '*.log')] }],
      collectors: [{ host: 'localhost' }],
      tls: { ca: pki.caFile, cert: pki.agentCert, key: pki.agentKey },
      journal: { directory: state },
    }),
  );
  // It knows its own state by the configuration that it was started with.
  const left = join(state, 'status.json');
  writeFileSync(left, readFileSync(left, 'utf8').replace('/etc/openemr-audit-forwarder/config.yaml', config));
  const { status, output } = await program('status', '--config', config);
  t.is(status, 2, output);
  t.regex(output, /386/);
  const found = await program('receipt', '--seq', RECEIVED, '--config', config);
  t.is(found.status, 0, found.output);
  t.regex(found.output, /close-notify|close_notify/);
});

test('the story can fail: without the journal its lines are sent again, and under other names', async (t) => {
  const place = unpacked(t);
  rmSync(join(place.state, 'segments'), { recursive: true });
  const collector = await collecting(t, pki);
  const agent = await start(t, place, collector);
  appendFileSync(join(place.logs, 'audit.log'), REST);
  await until(() => caughtUp(agent) && collector.messages.length > place.lines.size, { what: 'everything again' });
  await agent.stop('test');
  const names = new Map(sentIn(place.stored).map(({ line, name }) => [line, name]));
  t.true(sentIn(collector.messages).some(({ line, name }) => names.has(line) && names.get(line) !== name));
});

function program(...args: string[]): Promise<Ended> {
  return runProgram(process.execPath, [MAIN, ...args]);
}
