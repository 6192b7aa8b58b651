/**
 * An auditor asks a year later: is all of it there, and when did this line go?
 * The agent runs twice against a collector that keeps what it gets; then the
 * collector loses a line.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Agent } from '../../src/agent/agent.js';
import { runProgram } from '../../src/cli/program.js';
import { loadConfig } from '../../src/config/load.js';
import { systemClock } from '../../src/lib/clock.js';
import { systemWorld } from '../../src/lib/context.js';
import { Problems } from '../../src/lib/problems.js';
import { capturedIo } from '../support/captured-io.js';
import { makeTestPki } from '../support/certificates.js';
import { listen, type WithPki } from '../support/collector.js';
import { append, numbered, temporaryDirectory } from '../support/files.js';
import { silent } from '../support/silent.js';
import { asLines } from '../support/stored.js';
import { until } from '../support/wait.js';

const it = test as import('ava').TestFn<WithPki>;

it.before(async (t) => {
  t.context.pki = await makeTestPki();
});

it.after.always((t) => t.context.pki.remove());

async function runAgent(configFile: string, acknowledged: number): Promise<void> {
  const config = await loadConfig(configFile, {});
  const report = { ...silent, child: () => silent };
  const agent = await Agent.start(config, {
    ...systemWorld,
    problems: new Problems(systemClock),
    version: '0.0.0',
    report,
  });
  try {
    await until(() => agent.state().delivery.acknowledged >= acknowledged, {
      what: `${acknowledged} acknowledged messages`,
    });
  } finally {
    await agent.stop('test');
  }
}

async function ask(...args: string[]): Promise<{ out: string; status: number }> {
  const io = capturedIo();
  await runProgram(args, io);
  return { out: io.out(), status: io.status() };
}

async function forwardTwice(t: ExecutionContext<WithPki>) {
  const directory = temporaryDirectory(t);
  const stored: Buffer[] = [];
  const { collector } = await listen(t, {}, { onMessage: (message) => void stored.push(Buffer.from(message)) });
  const { caFile, agentCert, agentKey } = t.context.pki;
  const [log, config] = [join(directory, 'audit.log'), join(directory, 'config.yaml')];
  writeFileSync(
    config,
    `sources:
  - { name: main, paths: ["${log}"], format: text }
collectors:
  - { host: localhost, port: ${collector.address.port} }
tls: { ca: ${caFile}, cert: ${agentCert}, key: ${agentKey} }
journal: { directory: ${join(directory, 'journal')} }
delivery: { epochInterval: 1s }
`,
  );
  append(log, ...numbered('first', 300));
  await runAgent(config, 301);
  append(log, ...numbered('second', 200));
  await runAgent(config, 201);
  return { directory, log, config, stored };
}

it('what came in two runs is complete, every receipt holds, and one lost line is named with who acknowledged it', async (t) => {
  const { directory, log, config, stored } = await forwardTwice(t);
  const store = join(directory, 'store.log');
  writeFileSync(store, asLines(stored));

  const { caFile } = t.context.pki;
  const complete = await ask('verify', store, '--config', config, '--trust', caFile, '--receipts');
  // 500 lines; in each run start, stop, certificate, and a seal behind start and stop.
  t.regex(
    complete.out,
    /\nCOMPLETE: 510 messages of 2 runs, none missing\nSEALED: all of them, by CN=openemr@localhost, C=US\n$/,
    complete.out,
  );
  t.notRegex(complete.out, /other bytes|another SHA-256|not compared/);
  t.is(complete.status, 0);

  const lost = stored.findIndex((message) => message.includes('second 150'));
  const [, run, seq] = /run="(\w+)" seq="(\d+)"/.exec(stored[lost]!.toString()) ?? [];
  writeFileSync(store, asLines(stored.toSpliced(lost, 1)));
  const incomplete = await ask('verify', store, '--config', config, '--receipts', '--json');
  const { objections, receipts } = JSON.parse(incomplete.out);
  t.deepEqual(objections, [
    { name: 'missing', messages: 1, told: 0 },
    { name: 'acknowledged-lost', messages: 1 },
  ]);
  t.like(receipts.lost, { length: 1, 0: { run, first: Number(seq), last: Number(seq), level: 'close-notify' } });
  t.is(incomplete.status, 1);

  const bySeq = await ask('receipt', '--config', config, '--seq', `${run}:${seq}`, '--json');
  const offset = readFileSync(log, 'latin1').indexOf('second 150\n');
  const byOffset = await ask('receipt', '--config', config, '--file', log, '--offset', String(offset), '--json');
  t.is(bySeq.status, 0);
  t.is(byOffset.status, 0);
  t.is(JSON.parse(byOffset.out).found[0].sha256, JSON.parse(bySeq.out).found[0].sha256);
  const later = await ask('receipt', '--config', config, '--file', log, '--offset', String(readFileSync(log).length));
  t.regex(later.out, /^not acknowledged yet: /);
  t.is(later.status, 1);
});
