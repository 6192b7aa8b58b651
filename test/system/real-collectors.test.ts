/** A day's audit file at real collectors: rsyslog with both of its drivers, syslog-ng, OpenSSL's s_server, stunnel. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import { Agent } from '../../src/agent/agent.js';
import type { AgentState } from '../../src/agent/state.js';
import { runProgram } from '../../src/cli/program.js';
import { loadConfig } from '../../src/config/load.js';
import { systemClock } from '../../src/lib/clock.js';
import { systemWorld } from '../../src/lib/context.js';
import { Problems } from '../../src/lib/problems.js';
import { type Message, parseMessage } from '../../src/syslog/rfc5424.js';
import { capturedIo } from '../support/captured-io.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { auditRow, longRow, oddRows, rowLine } from '../support/openemr-rows.js';
import { REAL_COLLECTORS } from '../support/real-collectors.js';
import { silent } from '../support/silent.js';
import { until } from '../support/wait.js';

const LINES = 111;

for (const { name, start, level, resets } of REAL_COLLECTORS) {
  for (const maxBytes of ['8KiB', '128KiB']) {
    test(`${name} holds every line of a day, in order and byte for byte, with messages of ${maxBytes}`, async (t) => {
      const pki = await makeTestPki();
      const directory = await mkdtemp(join(tmpdir(), 'real-collector-'));
      const collector = await start(pki);
      t.teardown(async () => {
        await collector.stop();
        await rm(directory, { recursive: true, force: true });
        await pki.remove();
      });
      const lines = dayOfLines();
      await mkdir(join(directory, 'log'));
      await writeFile(join(directory, 'log', 'audit.log'), Buffer.concat(lines.flatMap((line) => [line, LF])));

      const state = await forwardAll(t, directory, pki, collector.port, maxBytes);

      if (resets === undefined) t.is(state.delivery.repeated, 0);
      t.is(state.delivery.lastLevel, level);
      // An acknowledgement says that it has read them; its queue writes them a moment later.
      const all = async () => (await collector.stored()).at(-2)?.includes('kind="stop"');
      await until(all, { what: 'the collector to write its queue' });
      const held = withoutRepeats((await collector.stored()).map(read));
      t.deepEqual(
        held.map(seqOf),
        Array.from({ length: held.length }, (_, index) => index + 1),
      );
      t.deepEqual(linesOf(held).map(String), lines.map(String));
      const long = held.filter((message) => param(message, 'id') !== undefined && param(message, 'part') !== undefined);
      if (maxBytes === '128KiB') t.is(long.length, 0);
      else t.true(long.length > 2);
      t.is(
        held.find((message) => param(message, 'event') === 'login' && timeOf(message).includes('-05:00'))?.facility,
        10,
      );
      t.deepEqual(await verified(collector.file), { status: 0, complete: true });
    });
  }
}

const LF = Buffer.from('\n');

/** Whatever surprises: UTF-8, a row of 63 KB, control bytes, NULLs, the doubled and the missing hour, a line that is no row. */
function dayOfLines(): Buffer[] {
  const odd = [...oddRows(), longRow({ id: 900 })].map(rowLine);
  const foreign = [Buffer.from('not a row at all\tbut a line\u0007'), Buffer.from('{"id": 7, "date": ')];
  const plain = Array.from({ length: LINES - odd.length - foreign.length }, (_, index) =>
    rowLine({ ...auditRow({ date: '2026-11-20 08:00:00' }), id: 1000 + index }),
  );
  return [...odd, ...foreign, ...plain];
}

async function forwardAll(
  t: ExecutionContext,
  directory: string,
  pki: TestPki,
  port: number,
  maxBytes: string,
): Promise<AgentState> {
  const file = join(directory, 'config.yaml');
  await writeFile(
    file,
    stringify({
      sources: [{ name: 'main', paths: [join(directory, 'log', '*.log')], timeZone: 'America/New_York' }],
      message: { maxBytes, hostname: 'emr.clinic.example' },
      collectors: [{ host: 'localhost', port }],
      tls: { ca: pki.caFile, cert: pki.agentCert, key: pki.agentKey },
      journal: { directory: join(directory, 'journal') },
      delivery: { epochInterval: '1s' },
    }),
  );
  const config = await loadConfig(file, {});
  const report = { ...silent, child: () => silent };
  const agent = await Agent.start(config, {
    ...systemWorld,
    problems: new Problems(systemClock),
    report,
    version: 'test',
  });
  t.teardown(() => agent.stop('the test is over'));
  const isDone = ({ counts, delivery }: AgentState) =>
    counts.lines === LINES && delivery.acknowledged === counts.messages;
  await until(() => isDone(agent.state()), { what: 'everything to be acknowledged', timeoutMs: 60_000 });
  await agent.stop('all is acknowledged');
  return agent.state();
}

/** What the program finds in the store. */
async function verified(file: string): Promise<{ status: number; complete: boolean }> {
  const io = capturedIo();
  await runProgram(['verify', '--json', file], io);
  return { status: io.status(), complete: (JSON.parse(io.out()) as { complete: boolean }).complete };
}

function read(bytes: Buffer): Message {
  const parsed = parseMessage(bytes);
  if (!parsed.ok) throw parsed.fault;
  return parsed.message;
}

function param({ structuredData }: Message, name: string): string | undefined {
  return structuredData.flatMap(({ params }) => params).find(([known]) => known === name)?.[1];
}

function seqOf(message: Message): number {
  return Number(param(message, 'seq'));
}

/** Each message once, where it came first. */
function withoutRepeats(messages: readonly Message[]): Message[] {
  const seen = new Set<number>();
  return messages.filter((message) => !seen.has(seqOf(message)) && seen.add(seqOf(message)));
}

function timeOf({ timestamp }: Message): string {
  return timestamp ?? '';
}

/** The lines that the messages carry, parts joined again; the agent's own messages left out. */
function linesOf(messages: readonly Message[]): Buffer[] {
  const lines = new Map<string, Buffer[]>();
  for (const message of messages) {
    const id = param(message, 'id');
    if (id === undefined) continue;
    lines.set(id, [...(lines.get(id) ?? []), message.msg ?? Buffer.alloc(0)]);
  }
  return [...lines.values()].map((parts) => Buffer.concat(parts));
}
