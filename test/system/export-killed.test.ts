/**
 * A real MariaDB, OpenEMR's way of writing, table swaps, and an export that is
 * killed again and again: each row is in the files once, whole.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { grantsFor } from '../../src/export/grants.js';
import type { ExportConfig, SiteOptions } from '../../src/export/options.js';
import { type MariaDb, startMariaDb } from '../support/mariadb.js';
import { createOpenemr, OpenemrWriter, type Written } from '../support/openemr-database.js';
import { sealColumns } from '../support/openemr-writing.js';
import { until } from '../support/wait.js';

const PROCESS = fileURLToPath(new URL('../support/export-process.js', import.meta.url));
const USER = 'openemr-audit-export';

type Line = Readonly<Record<string, unknown>>;

class Station {
  readonly #processes: ChildProcess[] = [];

  private constructor(
    readonly server: MariaDb,
    readonly directory: string,
    readonly settings: string,
    readonly log: string[],
  ) {}

  /** A site whose account was made by what `--grants` prints. */
  static async open(t: ExecutionContext, changes: Partial<ExportConfig> = {}): Promise<Station> {
    const server = await startMariaDb();
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
    const connection = await server.connect();
    const statements = grantsFor(site)
      .replaceAll(/^--.*$/gm, '')
      .split(';');
    for (const statement of statements) if (statement.trim() !== '') await connection.query(statement);
    await connection.end();
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
    const station = new Station(server, config.directory, settings, []);
    t.teardown(() => station.kill());
    return station;
  }

  start(...args: string[]): ChildProcess {
    const process_ = spawn(process.execPath, [PROCESS, this.settings, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    process_.stderr?.on('data', (bytes) => this.log.push(String(bytes)));
    this.#processes.push(process_);
    return process_;
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
function faultsOf(written: readonly Written[], rows: readonly Line[]): string[] {
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

test('each row is in the files once and whole, although the export is killed again and again', async (t) => {
  const station = await Station.open(t);
  const writer = new OpenemrWriter(station.server, 'openemr');
  await writer.fill(5000);
  const writing = writer.write({ rows: 2500, sessions: 6, pauseMs: 6, random: Math.random });
  let isWriting = true;
  void writing.finally(() => {
    isWriting = false;
  });

  let before = 0;
  for (let kills = 0; kills < 8 || isWriting; kills += 1) {
    station.start();
    await until(async () => (await station.lines()).length > before + 10 * (kills % 3) || !isWriting, {
      what: 'more rows',
    });
    await station.kill();
    before = (await station.lines()).length;
  }
  await writing;
  station.start();
  await until(async () => (await station.rows()).length >= writer.written.length, { what: 'all rows' });
  await station.kill('SIGTERM');

  t.deepEqual(faultsOf(writer.written, await station.rows()), []);
  t.deepEqual(await station.findings(), []);
});

test('a table swap begins a new generation, and what the renamed table still held is exported', async (t) => {
  const station = await Station.open(t);
  const writer = new OpenemrWriter(station.server, 'openemr');
  await writer.fill(6000);
  station.start();
  await until(async () => (await station.rows()).length > 1000, { what: 'the first rows' });
  await station.kill();

  const writing = writer.write({ rows: 1000, sessions: 4, pauseMs: 4, random: Math.random });
  const isExported = async () => (await station.findings()).some(({ complete }) => complete === true);
  await writer.backUp(async () => {
    station.start();
    await until(isExported, { what: 'the old table to be exported', timeoutMs: 40_000 });
  });
  await writing;
  await until(async () => (await station.rows()).length >= writer.written.length, { what: 'all rows' });

  t.deepEqual(faultsOf(writer.written, await station.rows()), []);
  t.is(new Set((await station.rows()).map(({ generation }) => generation)).size, 2);
});
