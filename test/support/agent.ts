/**
 * A real agent in a temporary directory that outlives its restarts: in this
 * process with short times, or by the program as a child process that can be
 * killed. The test writes numbered lines into the log that it follows.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import { Agent } from '../../src/agent/agent.js';
import type { AgentDependencies } from '../../src/agent/assemble.js';
import type { AgentState } from '../../src/agent/state.js';
import type { Config, DeliveryConfig } from '../../src/config/config.js';
import { systemClock } from '../../src/lib/clock.js';
import { systemWorld } from '../../src/lib/context.js';
import { type Network, systemNetwork } from '../../src/lib/network.js';
import { Problems } from '../../src/lib/problems.js';
import type { Facts, Report } from '../../src/model/report.js';
import type { TestPki } from './certificates.js';
import { load } from './config.js';
import { type Delivered, delivered, lineOf } from './delivered.js';
import { temporaryDirectory } from './files.js';
import { type Ended, runProgram } from './program.js';
import { until } from './wait.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** Everything in miniature, for faults that the agent finds by waiting. Not for tests that count repeats. */
export const SHORT_TIMES = {
  connectMs: 2_000,
  handshakeMs: 1_500,
  stallMs: 1_000,
  finMs: 500,
  nextLinkMs: 1_000,
  nextLinkAfterCloseMs: 2_000,
  preferredEveryMs: 200,
  holdOffMs: 500,
  stuckRetryMs: 300,
  quietMs: 300,
  backoff: { initialMs: 20, maxMs: 200 },
} satisfies AgentDependencies['times'];

export interface CollectorPlace {
  readonly host: string;
  readonly port: number;
}

export interface StageOptions {
  readonly pki: TestPki;
  readonly collectors: readonly CollectorPlace[];
  readonly delivery?: Partial<DeliveryConfig>;
  readonly times?: AgentDependencies['times'];
  readonly lookup?: Network['lookup'];
  /** Default: the system's. */
  readonly network?: Network;
  /** Of the program: the command that starts it elsewhere, as `nsenter` does. */
  readonly inside?: readonly string[];
  /** The program's file; default: as it was compiled. */
  readonly program?: string;
  /** Keys of the source, as in a configuration file; a line of the log is text otherwise. */
  readonly source?: Readonly<Record<string, string | readonly string[]>>;
  /** And of its messages. */
  readonly message?: Readonly<Record<string, string | readonly string[]>>;
  readonly journal?: JournalPlace;
  /** `off`: without seals, for what counts messages or lets only short ones pass. */
  readonly seal?: 'on' | 'off';
  /** And of tls, over the files of `pki`. */
  readonly tls?: Readonly<Record<string, string>>;
  /** Of another stage, to follow the same lines. */
  readonly log?: string;
  /** Of the agent in this process. */
  readonly clock?: AgentDependencies['clock'];
}

/** As the configuration has it; where a part is not named, the journal is roomy and beside the log. */
export interface JournalPlace {
  /** A directory that is there: the journal lies in it. */
  readonly parent?: string;
  readonly maxBytes?: string;
  readonly keepFree?: string;
  readonly whenFull?: 'wait' | 'drop-oldest';
}

export interface Said {
  readonly level: keyof Report;
  readonly message: string;
  readonly facts: Facts;
}

export class Stage {
  readonly directory: string;
  readonly log: string;
  readonly journal: string;
  /** In order of preference; what is added here counts from the next start. */
  readonly collectors: CollectorPlace[];
  /** Lines written so far. */
  written = 0;

  constructor(
    private readonly t: ExecutionContext,
    private readonly options: StageOptions,
  ) {
    this.directory = temporaryDirectory(t);
    this.collectors = [...options.collectors];
    this.log = options.log ?? join(this.directory, 'audit.log');
    this.journal = join(options.journal?.parent ?? this.directory, 'journal');
    mkdirSync(this.journal, { mode: 0o700, recursive: true });
    appendFileSync(this.log, '');
  }

  /** Appends `count` numbered lines in one write. */
  write(count: number, width?: number): void {
    const lines = Array.from({ length: count }, (_, index) => `${lineOf(this.written + 1 + index, width)}\n`);
    appendFileSync(this.log, lines.join(''));
    this.written += count;
  }

  /** Held against all lines written so far. */
  delivered(messages: readonly Buffer[]): Delivered {
    return delivered(messages, this.written);
  }

  /** All lines written so far are stored. */
  complete(messages: readonly Buffer[]): boolean {
    const { lost } = this.delivered(messages);
    return lost.length === 0;
  }

  async start(times = this.options.times): Promise<RunningAgent> {
    const { delivery, lookup, network = systemNetwork, clock = systemClock } = this.options;
    const loaded = await load(this.#yaml());
    const config: Config = { ...loaded, delivery: { ...loaded.delivery, ...delivery } };
    const said: Said[] = [];
    const agent = await Agent.start(config, {
      ...systemWorld,
      clock,
      report: recording(said),
      problems: new Problems(clock),
      version: '0.0.0',
      ...(times && { times }),
      network: { ...network, ...(lookup && { lookup }) },
    });
    this.t.teardown(() => agent.stop('teardown'));
    return new RunningAgent(agent, said);
  }

  /** A file of this name and content; gives its path. */
  keep(name: string, content: Buffer): string {
    const file = join(this.directory, name);
    writeFileSync(file, content);
    return file;
  }

  /** What the command `verify` says of a store. */
  async verify(...args: string[]): Promise<Ended> {
    return runProgram(process.execPath, [MAIN, 'verify', ...args]);
  }

  /** What `status`, `check` and the like say with the configuration of the program. */
  async ask(...args: string[]): Promise<Ended> {
    return runProgram(process.execPath, [MAIN, ...args, '--config', join(this.directory, 'config.yaml')]);
  }

  /** The program itself, which knows no short times. Resolves when it is at work. */
  async startProgram(): Promise<AgentProcess> {
    const file = join(this.directory, 'config.yaml');
    writeFileSync(file, this.#yaml());
    const { program: main, inside } = this.options;
    const program = new AgentProcess(file, join(this.directory, 'agent.out'), this.journal, inside, main);
    this.t.teardown(() => program.kill());
    await program.ready();
    return program;
  }

  #yaml(): string {
    const { pki, delivery, source, message, journal = {}, seal = 'on', tls } = this.options;
    const { parent: _, ...limits } = journal;
    const { collectors } = this;
    const { epochIntervalMs = 1_000, epochBytes = 4 * 1024 * 1024 } = delivery ?? {};
    // JSON is YAML.
    return JSON.stringify({
      sources: [{ name: 'main', paths: [this.log], format: 'text', ...source }],
      collectors,
      tls: { ca: pki.caFile, cert: pki.agentCert, key: pki.agentKey, ...tls },
      journal: { directory: this.journal, maxBytes: '1GiB', keepFree: '0%', ...limits },
      seal: { sign: seal },
      message: { hostname: 'emr.test.example', heartbeat: '0s', enterpriseId: '32473', ...message },
      delivery: { epochInterval: `${Math.max(1_000, epochIntervalMs)}ms`, epochBytes: `${epochBytes}B` },
    });
  }
}

export class RunningAgent {
  constructor(
    private readonly agent: Agent,
    /** What it logged. */
    readonly said: readonly Said[],
  ) {}

  get state(): AgentState {
    return this.agent.state();
  }

  get delivery(): AgentState['delivery'] {
    return this.state.delivery;
  }

  /** All that is on disk is acknowledged. What has arrived was on disk before: with `complete`, that is all there is. */
  get caughtUp(): boolean {
    const { entriesWaiting, synced } = this.state.journal;
    return entriesWaiting === 0 && synced > 0;
  }

  stop(): Promise<void> {
    return this.agent.stop('test');
  }
}

export class AgentProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(
    config: string,
    private readonly output: string,
    private readonly journal: string,
    inside: readonly string[] = [],
    main = MAIN,
  ) {
    const out = openSync(output, 'a');
    const own = [process.execPath, '--enable-source-maps', main, 'run', '--config', config];
    const [command = process.execPath, ...args] = [...inside, ...own];
    this.#child = spawn(command, args, { stdio: ['ignore', out, out], env: { PATH: process.env.PATH } });
    closeSync(out);
    this.#exited = once(this.#child, 'exit');
  }

  /** What it logged, a line each. */
  get log(): string[] {
    return readFileSync(this.output, 'utf8').split('\n').filter(Boolean);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** At work: its own state is on disk. */
  async ready(): Promise<void> {
    await until(() => !this.running || this.state()?.pid === this.pid, { what: 'the agent to be at work' });
    if (!this.running) throw new Error(`the agent ended at once: ${readFileSync(this.output, 'utf8').slice(-2000)}`);
  }

  /** As it left it on disk, up to two seconds ago. */
  state(): AgentState | undefined {
    try {
      return JSON.parse(readFileSync(join(this.journal, 'status.json'), 'utf8')) as AgentState;
    } catch {
      return undefined;
    }
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** SIGTERM; resolves with its exit status. */
  async terminate(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    await this.#exited;
    return this.#child.exitCode;
  }
}

function recording(said: Said[]): AgentDependencies['report'] {
  const note =
    (level: keyof Report) =>
    (message: string, facts: Facts = {}) =>
      void said.push({ level, message, facts });
  const report = {
    debug: note('debug'),
    info: note('info'),
    notice: note('notice'),
    warning: note('warning'),
    error: note('error'),
    child: () => report,
  };
  return report;
}
