/**
 * A whole station for the export: a MariaDB with OpenEMR's tables, an account
 * made by what `--grants` prints, and the export as a process that can be killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import type { ExportConfig, SiteOptions } from '../../src/export/options.js';
import { makeExportAccount } from './export-account.js';
import { type MariaDb, startMariaDb } from './mariadb.js';
import { createOpenemr, type Written } from './openemr-database.js';
import { sealColumns } from './openemr-writing.js';

const PROCESS = fileURLToPath(new URL('./export-process.js', import.meta.url));
const USER = 'openemr-audit-export';

export type Line = Readonly<Record<string, unknown>>;

export class Station {
  readonly #processes: ChildProcess[] = [];

  private constructor(
    readonly server: MariaDb,
    readonly directory: string,
    readonly settings: string,
    readonly passwordFile: string,
    readonly log: string[],
  ) {}

  /** A site whose account was made by what `--grants` prints. */
  static async open(
    t: ExecutionContext,
    changes: Partial<ExportConfig> = {},
    serverOptions: readonly string[] = [],
  ): Promise<Station> {
    const server = await startMariaDb(serverOptions);
    t.teardown(() => server.dispose());
    const home = await mkdtemp(join(tmpdir(), 'oaf-export-'));
    t.teardown(() => rm(home, { recursive: true, force: true }));
    await createOpenemr(server, 'openemr');
    const passwordFile = join(home, 'password');
    await writeFile(passwordFile, 'PASSWORD\n');
    const site: SiteOptions = {
      name: 'default',
      host: '127.0.0.1',
      port: server.port,
      socket: server.socket,
      database: 'openemr',
      user: USER,
      passwordFile,
      tls: undefined,
    };
    await makeExportAccount(server, site);
    const config: ExportConfig = {
      directory: join(home, 'audit'),
      sites: [site],
      startAt: { kind: 'beginning' },
      disclosures: true,
      pollMs: 50,
      settleMs: 3000,
      examineMs: 1000,
      keepMs: 86_400_000,
      maxBytes: 2 ** 30,
      rotateBytes: 200_000,
      ...changes,
    };
    const settings = join(home, 'settings.json');
    await writeFile(settings, JSON.stringify({ export: config, log: { level: 'debug', format: 'json' } }));
    const station = new Station(server, config.directory, settings, passwordFile, []);
    t.teardown(() => station.kill());
    return station;
  }

  start(...args: string[]): ChildProcess {
    const process_ = spawn(process.execPath, [PROCESS, this.settings, ...args], {
      stdio: ['ignore', args.includes('--check') ? 'pipe' : 'ignore', 'pipe'],
    });
    process_.stderr?.on('data', (bytes) => this.log.push(String(bytes)));
    this.#processes.push(process_);
    return process_;
  }

  /** On its standard error, so far. */
  said(text: string): boolean {
    return this.log.join('').includes(text);
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    await Promise.all(
      this.#processes.splice(0).map(async (running) => {
        if (running.exitCode !== null || running.signalCode !== null) return;
        const ended = new Promise((resolve) => running.once('exit', resolve));
        running.kill(signal);
        await ended;
      }),
    );
  }

  async lines(): Promise<Line[]> {
    const found = await readdir(this.directory).catch(() => []);
    const names = found.filter((name) => name.startsWith('default.log')).sort();
    // The live file has the shortest name, and the last lines.
    const texts = await Promise.all(
      [...names.slice(1), ...names.slice(0, 1)].map((name) => readFile(join(this.directory, name), 'utf8')),
    );
    return texts.join('').split('\n').flatMap(parsed);
  }

  async rows(): Promise<Line[]> {
    return (await this.lines()).filter(({ id }) => typeof id === 'number');
  }

  async findings(): Promise<Line[]> {
    return (await this.lines()).filter(({ id }) => id === undefined);
  }
}

function parsed(line: string): Line[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}

/** What is wrong; empty when each row is there once and whole. */
export function faultsOf(written: readonly Written[], rows: readonly Line[]): string[] {
  const missing = new Map(written.map((each) => [each.columns.comments, each]));
  const faults: string[] = [];
  for (const row of rows) {
    const each = missing.get(String(row.comments));
    if (each === undefined) faults.push(`${row.generation}:${row.id} is there again, or was never written`);
    else {
      const seal = sealColumns(each.id, each.columns);
      const isWhole = row.checksum === seal.checksum && row.checksum_api === seal.checksum_api;
      if (!isWhole || (row.api === null) !== (seal.checksum_api === ''))
        faults.push(`${row.generation}:${row.id} is not whole`);
      if (row.breakglass !== (each.columns.user === 'Emergency1'))
        faults.push(`${row.generation}:${row.id} is or is not break-glass`);
    }
    missing.delete(String(row.comments));
  }
  for (const { id } of missing.values()) faults.push(`${id} is missing`);
  return faults.slice(0, 20);
}
