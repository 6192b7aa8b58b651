/**
 * Plays one story by chance against a whole agent on a simulated clock, disk and
 * network. All chance comes from the seed; what happens is written down, so that
 * two runs can be compared.
 */
import { join } from 'node:path';
import { Agent } from '../../src/agent/agent.js';
import { Problems } from '../../src/lib/problems.js';
import type { Facts, Report } from '../../src/model/report.js';
import { DirectoryWatcher } from '../../src/source/watch/watcher.js';
import type { TestPki } from './certificates.js';
import { load } from './config.js';
import { MemoryCollector } from './memory-collector.js';
import { MemoryFiles, systemError } from './memory-files.js';
import { MemoryNetwork } from './memory-network.js';
import { SimulatedClock } from './simulated-clock.js';
import { readStrictly } from './strict-syslog.js';

const LOGS = '/var/log/openemr-audit';
const STATE = '/var/lib/openemr-audit-forwarder';
const TLS = { ca: '/tls/ca.pem', cert: '/tls/agent.pem', key: '/tls/agent.key' };
const AT = { address: '192.0.2.1', port: 6514 };
const MINUTE_MS = 60_000;

export interface StoredLine {
  readonly line: string;
  /** run:seq */
  readonly name: string;
}

export interface Outcome {
  /** All lines ever written to the logs. */
  readonly written: readonly string[];
  /** Lines that the collector has read, in their order; repeats among them. */
  readonly stored: readonly StoredLine[];
  readonly repeatedUnderOtherNames: readonly string[];
  /** Numbers of a run that never arrived, below one that did: `run:seq`. */
  readonly holes: readonly string[];
  /** What happened, with the simulated time. */
  readonly story: readonly string[];
}

export async function simulate({
  pki,
  seed,
  minutes,
}: {
  readonly pki: TestPki;
  readonly seed: number;
  readonly minutes: number;
}): Promise<Outcome> {
  const random = chanceFrom(seed);
  // Now: certificates are judged by it, and OpenSSL knows no other time.
  const clock = new SimulatedClock(Date.now());
  const files = new MemoryFiles(() => clock.nowMs());
  const network = new MemoryNetwork(clock, { latencyMs: 3 });
  network.names.set('localhost', [AT.address]);
  const { ca, collector: identity, agent: own } = pki;
  const collector = new MemoryCollector(network, { ...AT, ca, cert: identity.cert, key: identity.key });
  collector.start();
  files.put(TLS.ca, ca);
  files.put(TLS.cert, own.cert);
  files.put(TLS.key, own.key);

  const story: string[] = [];
  const startMs = clock.nowMs();
  const happened = (event: string) => void story.push(`${clock.nowMs() - startMs} ${event}`);
  const written: string[] = [];
  const logs = ['main', 'portal'].map((name) => join(LOGS, `${name}.log`));
  for (const log of logs) files.put(log, '');

  const start = async () =>
    Agent.start(await configuration(), {
      clock,
      files,
      network,
      random,
      randomBytes: (count) => Buffer.from(Array.from({ length: count }, () => Math.floor(random() * 256))),
      lock: async () => ({ release: async () => undefined }),
      watch: (options) => new DirectoryWatcher(options, files.watch),
      problems: new Problems(clock),
      report: noting(happened),
      version: '0.0.0',
    });
  let agent = await meanwhile(start());

  const acts: readonly (readonly [weight: number, act: () => Promise<void> | void])[] = [
    [60, () => write(logs[pick(2)]!, 1 + pick(20))],
    [
      4,
      () => {
        const log = logs[pick(2)]!;
        for (let generation = 8; generation >= 1; generation -= 1) {
          if (files.paths.includes(`${log}.${generation}`))
            files.move(`${log}.${generation}`, `${log}.${generation + 1}`);
        }
        files.move(log, `${log}.1`);
        if (pick(2) === 0) files.append(`${log}.1`, line());
        files.append(log, '');
        happened(`rotated ${log}`);
      },
    ],
    [
      2,
      async () => {
        collector.kill();
        happened('collector killed');
        await passing(pick(90_000));
        collector.start();
        happened('collector started');
      },
    ],
    [
      1,
      async () => {
        network.cut(AT.address);
        happened('network cut');
        await passing(pick(60_000));
        network.mend(AT.address);
        happened('network mended');
      },
    ],
    [
      1,
      async () => {
        files.fault = (call, path) =>
          path.startsWith(STATE) && (call === 'write' || call === 'datasync') ? systemError('ENOSPC', path) : undefined;
        happened('disk full');
        await passing(pick(40_000));
        files.fault = () => undefined;
        happened('disk has room');
      },
    ],
    [
      1,
      async () => {
        let left = 1 + pick(3);
        files.fault = (call, path) =>
          call === 'datasync' && path.startsWith(STATE) && left-- > 0 ? systemError('EIO', path) : undefined;
        happened('disk fails');
        await passing(5_000 + pick(10_000));
        files.fault = () => undefined;
      },
    ],
    [
      1,
      async () => {
        await meanwhile(agent.stop('restart'));
        happened('agent stopped');
        write(logs[0]!, pick(10));
        agent = await meanwhile(start());
        happened('agent started');
      },
    ],
  ];
  const deck = acts.flatMap(([weight, act]) => Array.from({ length: weight }, () => act));

  const endMs = startMs + minutes * MINUTE_MS;
  while (clock.nowMs() < endMs) {
    await deck[pick(deck.length)]!();
    await clock.pass(pick(8_000));
  }
  await clock.until(() => isDone(), { what: 'everything acknowledged', withinMs: 30 * MINUTE_MS });
  happened('all is acknowledged');
  await meanwhile(agent.stop('end'));

  const stored = collector.messages.flatMap(storedLine);
  return { written, stored, repeatedUnderOtherNames: renamed(stored), holes: holesAmong(collector.messages), story };

  function pick(below: number): number {
    return Math.floor(random() * below);
  }

  function line(): string {
    written.push(`line ${written.length + 1} ${'x'.repeat(pick(120))}`);
    return `${written.at(-1)}\n`;
  }

  function write(log: string, count: number): void {
    files.append(log, Array.from({ length: count }, line).join(''));
  }

  /** Time passes, and lines are written meanwhile. */
  async function passing(ms: number): Promise<void> {
    for (const untilMs = clock.nowMs() + ms; clock.nowMs() < untilMs; ) {
      write(logs[pick(2)]!, 1 + pick(5));
      await clock.pass(Math.min(1_000 + pick(3_000), untilMs - clock.nowMs()));
    }
  }

  /** Lets time pass until this is done. */
  async function meanwhile<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const settle = () => {
      done = true;
    };
    work.then(settle, settle);
    await clock.until(() => done, { what: 'the agent', withinMs: 5 * MINUTE_MS });
    return work;
  }

  function isDone(): boolean {
    const { journal, files: followed } = agent.state();
    return journal.entriesWaiting === 0 && followed.every(({ lagBytes = 0 }) => lagBytes === 0);
  }
}

function configuration() {
  return load(
    // JSON is YAML.
    JSON.stringify({
      sources: [{ name: 'main', paths: [join(LOGS, '*.log')], format: 'text' }],
      collectors: [{ host: 'localhost', port: AT.port }],
      tls: TLS,
      journal: { directory: STATE, keepFree: '0%' },
      message: { hostname: 'emr.test.example', heartbeat: '5m', enterpriseId: '32473' },
      delivery: { epochInterval: '30s' },
    }),
  );
}

/** A generator that is the same for the same seed on every machine (mulberry32). */
function chanceFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What the agent logs is a part of the story. */
function noting(happened: (event: string) => void): Report & { child(part: string): Report } {
  const note =
    (level: string) =>
    (message: string, { reason }: Facts = {}) =>
      happened(`${level} ${message}${reason === undefined ? '' : `: ${reason}`}`);
  const report = {
    debug: () => undefined,
    info: note('info'),
    notice: note('notice'),
    warning: note('warning'),
    error: note('error'),
    child: () => report,
  };
  return report;
}

function namesOf(message: Buffer): { readonly run: string; readonly seq: number; readonly line: string | undefined } {
  const { elements, msg } = readStrictly(message);
  const audit = elements.get('audit@32473');
  const params = new Map(audit ?? elements.get('agent@32473'));
  return {
    run: params.get('run') ?? '',
    seq: Number(params.get('seq')),
    line: audit === undefined ? undefined : msg?.toString(),
  };
}

function storedLine(message: Buffer): StoredLine[] {
  const { run, seq, line } = namesOf(message);
  return line === undefined ? [] : [{ line, name: `${run}:${seq}` }];
}

function renamed(stored: readonly StoredLine[]): string[] {
  const names = new Map<string, string>();
  return stored.flatMap(({ line, name }) => {
    const known = names.get(line);
    names.set(line, name);
    return known === undefined || known === name ? [] : [`${line.slice(0, 20)}: ${known} and ${name}`];
  });
}

function holesAmong(messages: readonly Buffer[]): string[] {
  const seqs = new Map<string, Set<number>>();
  for (const { run, seq } of messages.map(namesOf)) seqs.set(run, (seqs.get(run) ?? new Set()).add(seq));
  return [...seqs].flatMap(([run, seen]) =>
    Array.from({ length: Math.max(...seen) }, (_, index) => index + 1).flatMap((seq) =>
      seen.has(seq) ? [] : [`${run}:${seq}`],
    ),
  );
}
