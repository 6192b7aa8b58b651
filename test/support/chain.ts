/**
 * The whole way of an audit entry, every part of it a process of its own that
 * can be killed: a real MariaDB with OpenEMR's tables, the export, and for each
 * profile an agent and a real rsyslog. The programs are run as an administrator
 * runs them, with a configuration file.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import { AgentProcess } from './agent.js';
import { makeTestPki, type TestPki } from './certificates.js';
import { makeExportAccount } from './export-account.js';
import { temporaryDirectory } from './files.js';
import { freePort } from './free-port.js';
import { type MariaDb, startMariaDb } from './mariadb.js';
import { createOpenemr } from './openemr-database.js';
import { type Ended, runProgram } from './program.js';
import { Rsyslog } from './rsyslog.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

export type Profile = 'plain' | 'atna';

/** What can be killed, and comes back. */
export interface Part {
  readonly name: string;
  start(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

export class Chain {
  private constructor(
    readonly database: DatabasePart,
    readonly exporter: ExportPart,
    readonly lanes: readonly Lane[],
    /** Where the audit log files are. */
    readonly logs: string,
  ) {}

  static async open(t: ExecutionContext, profiles: readonly Profile[]): Promise<Chain> {
    const directory = temporaryDirectory(t);
    const pki = await makeTestPki();
    t.teardown(() => pki.remove());
    // What a client was told is committed must outlive the server's process, as it does with the default, 1.
    const server = await startMariaDb(['--innodb-flush-log-at-trx-commit=2']);
    t.teardown(() => server.dispose());
    await createOpenemr(server, 'openemr');
    const passwordFile = join(directory, 'password');
    writeFileSync(passwordFile, 'PASSWORD\n', { mode: 0o600 });
    const site = { name: 'default', socket: server.socket, database: 'openemr', passwordFile };
    await makeExportAccount(server, { ...site, host: 'localhost', port: server.port, user: ACCOUNT, tls: undefined });

    const logs = join(directory, 'audit');
    const exporter = new ExportPart(directory, {
      directory: logs,
      sites: [{ ...site, user: ACCOUNT }],
      poll: '100ms',
      settle: '3s',
      examine: '1s',
      rotate: '1MiB',
    });
    const lanes = await Promise.all(
      profiles.map(async (profile) => new Lane(directory, profile, { pki, logs, port: await freePort() })),
    );
    const chain = new Chain(new DatabasePart(server), exporter, lanes, logs);
    t.teardown(() => Promise.all(chain.parts.map((part) => part.kill())));
    return chain;
  }

  get parts(): readonly Part[] {
    return [this.database, this.exporter, ...this.lanes.flatMap(({ agent, collector }) => [agent, collector])];
  }
}

const ACCOUNT = 'openemr-audit-export';

class DatabasePart implements Part {
  readonly name = 'mariadbd';

  constructor(readonly server: MariaDb) {}

  start(): Promise<void> {
    return this.server.start();
  }

  kill(): Promise<void> {
    return this.server.stop('SIGKILL');
  }
}

class ExportPart implements Part {
  readonly name = 'export';
  readonly #config: string;
  readonly #output: string;
  #child: ChildProcess | undefined;

  constructor(directory: string, settings: object) {
    this.#config = join(directory, 'export.yaml');
    this.#output = join(directory, 'export.out');
    // JSON is YAML.
    writeFileSync(this.#config, JSON.stringify({ export: settings }));
  }

  async start(): Promise<void> {
    const out = openSync(this.#output, 'a');
    this.#child = spawn(process.execPath, [MAIN, 'export', '--config', this.#config], {
      stdio: ['ignore', out, out],
      env: { PATH: process.env.PATH },
    });
    closeSync(out);
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  terminate(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** `export` with further arguments, to its end. */
  run(...args: string[]): Promise<Ended> {
    return runProgram(process.execPath, [MAIN, 'export', '--config', this.#config, ...args]);
  }

  /** What it logged, over all its lives. */
  said(): string {
    return readFileSync(this.#output, 'utf8');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
}

interface LaneOptions {
  readonly pki: TestPki;
  readonly logs: string;
  readonly port: number;
}

/** An agent of one profile, and the collector of its own. */
export class Lane {
  readonly agent: AgentPart;
  readonly collector: CollectorPart;
  readonly config: string;
  readonly #directory: string;

  constructor(
    parent: string,
    readonly profile: Profile,
    { pki, logs, port }: LaneOptions,
  ) {
    this.#directory = join(parent, profile);
    const journal = join(this.#directory, 'journal');
    mkdirSync(journal, { recursive: true, mode: 0o700 });
    this.config = join(this.#directory, 'config.yaml');
    writeFileSync(
      this.config,
      JSON.stringify({
        sources: [{ name: 'main', paths: [join(logs, '*.log')], timeZone: 'America/New_York' }],
        message: { profile, hostname: 'emr.test.example', enterpriseId: '32473' },
        collectors: [{ host: 'localhost', port }],
        tls: { ca: pki.caFile, cert: pki.agentCert, key: pki.agentKey },
        journal: { directory: journal, keepFree: '0%' },
        delivery: { epochInterval: '1s' },
      }),
    );
    this.agent = new AgentPart(`agent (${profile})`, this.config, join(this.#directory, 'agent.out'), journal);
    this.collector = new CollectorPart(`rsyslogd (${profile})`, pki, port, this.#directory);
  }

  /** `verify` over all that the collector stored, and over the receipts. */
  verify(): Promise<Ended> {
    const args = ['verify', '--config', this.config, ...this.collector.files, '--receipts'];
    return runProgram(process.execPath, [MAIN, ...args]);
  }
}

class AgentPart implements Part {
  #process: AgentProcess | undefined;

  constructor(
    readonly name: string,
    private readonly config: string,
    private readonly output: string,
    private readonly journal: string,
  ) {}

  async start(): Promise<void> {
    this.#process = new AgentProcess(this.config, this.output, this.journal);
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
    this.#process = undefined;
  }

  async terminate(): Promise<number | null | undefined> {
    // Before that it knows no SIGTERM.
    await this.#process?.ready();
    const status = await this.#process?.terminate();
    this.#process = undefined;
    return status;
  }
}

class CollectorPart implements Part {
  /** One for each of its lives: what stands behind a line that a kill has torn begins a line of its own. */
  readonly files: string[] = [];
  #daemon: Rsyslog | undefined;

  constructor(
    readonly name: string,
    private readonly pki: TestPki,
    private readonly port: number,
    private readonly directory: string,
  ) {}

  async start(): Promise<void> {
    const file = join(this.directory, `stored-${this.files.length + 1}`);
    // rsyslog makes the file with the first message.
    writeFileSync(file, '');
    this.files.push(file);
    const { pki, port } = this;
    this.#daemon = await Rsyslog.start({ driver: 'ossl', pki, port, file, storesBeforeItReadsOn: true });
  }

  async kill(): Promise<void> {
    await this.#daemon?.stop();
    this.#daemon = undefined;
  }
}
