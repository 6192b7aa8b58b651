/**
 * A real PostgreSQL for one test, with docs/warehouse in it: its own data directory, a
 * socket and no port, and its own process, which ends with the test. Debian: postgresql.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { identify } from '../../src/cli/verify/identify.js';
import { parseMessage } from '../../src/syslog/rfc5424.js';
import type { Messages } from './forged.js';
import { until } from './wait.js';
import { type Answers, QUESTIONS, warehousePath } from './warehouse.js';

const run = promisify(execFile);
/** PostgreSQL refuses to run as root: then it is the package's own account that runs it. */
const SERVER_USER = 'postgres';
const PROGRAMS = '/usr/lib/postgresql';

export class PostgreSql {
  static async start(): Promise<PostgreSql> {
    const directory = await mkdtemp(join(tmpdir(), 'oaf-postgresql-'));
    const owner = await serverOwner();
    if (owner !== undefined) await chown(directory, owner.uid, owner.gid);
    const [version = ''] = (await readdir(PROGRAMS)).sort().reverse();
    const program = (name: string) => join(PROGRAMS, version, 'bin', name);
    const data = join(directory, 'data');
    const install = ['--pgdata', data, '--auth=trust', '--username=warehouse', '--encoding=UTF8', '--no-sync'];
    await run(program('initdb'), [...install, '--locale=C', '--no-instructions'], { ...owner });
    const fast = ['fsync=off', 'full_page_writes=off', 'autovacuum=off', 'listen_addresses='];
    const settings = fast.flatMap((setting) => ['-c', setting]);
    const server = spawn(program('postgres'), ['-D', data, '-k', directory, ...settings], {
      stdio: 'ignore',
      ...owner,
    });
    const started = new PostgreSql(directory, server);
    await until(
      () => {
        if (server.exitCode !== null) throw new Error(`postgres ended with status ${server.exitCode}`);
        return started.#psql('select 1;').then(
          () => true,
          () => false,
        );
      },
      { what: 'PostgreSQL to answer', everyMs: 50, timeoutMs: 60_000 },
    );
    await started.#psql(`\\i ${warehousePath('schema.postgresql.sql')}\n`);
    return started;
  }

  private constructor(
    /** Where its socket is; the user is `warehouse`, the database `postgres`. */
    readonly directory: string,
    private readonly server: ChildProcess,
  ) {}

  /** What the statements say of each of these stores. `listed`: hosts that must be heard of. */
  async ask(stores: readonly Messages[], listed: readonly string[] = []): Promise<Answers[]> {
    const script = stores.map((store) =>
      [
        `\\echo ${STORE}`,
        ...filledWith(store),
        'copy agent from stdin;',
        ...listed,
        '\\.',
        ...QUESTIONS.flatMap((question) => [
          `\\echo ${QUESTION}${question}`,
          `\\i ${warehousePath(`${question}.sql`)}`,
        ]),
      ].join('\n'),
    );
    const said = await this.#psql(`${script.join('\n')}\n`);
    return said.split(`${STORE}\n`).slice(1).map(answersIn);
  }

  /** Replaces what is in the table. */
  async fill(store: Messages): Promise<void> {
    await this.#psql(`${filledWith(store).join('\n')}\n`);
  }

  /** What is in the table, a line a row, but when it was received. */
  async rows(): Promise<string[]> {
    const said = await this.#psql(`select ${COLUMNS} from trail order by run, seq;\n`);
    return said.trimEnd().split('\n').slice(1);
  }

  async stop(): Promise<void> {
    if (this.server.exitCode === null) {
      const ended = new Promise((resolve) => this.server.once('exit', resolve));
      // At once, but with its shared memory removed.
      this.server.kill('SIGQUIT');
      await ended;
    }
    await rm(this.directory, { recursive: true, force: true });
  }

  async #psql(script: string): Promise<string> {
    const file = join(this.directory, 'script.sql');
    await writeFile(file, script, 'latin1');
    const plain = ['--no-psqlrc', '--quiet', '--no-align', '--field-separator=|', '--pset=footer=off'];
    const where = ['--host', this.directory, '--username=warehouse', '--dbname=postgres'];
    const args = [...plain, ...where, '--set=ON_ERROR_STOP=1', '--file', file];
    return (await run('psql', args, { maxBuffer: 1 << 26 })).stdout;
  }
}

const STORE = '== a store';
const QUESTION = '== ';
const COLUMNS = 'time, host, run, seq, kind, follows_run, follows_seq, seal_first, seal_last, raw';

function filledWith(store: Messages): string[] {
  return ['truncate trail, agent;', `copy trail (${COLUMNS}) from stdin;`, ...store.map(rowOf), '\\.'];
}

/** A row as COPY takes it. */
function rowOf(message: Buffer): string {
  const parsed = parseMessage(message);
  const identified = identify(message);
  if (!parsed.ok || identified.name !== 'ours') throw new Error(`not a message of ours: ${message}`);
  const { message: name, follows, own } = identified;
  const { first, last } = own?.facts ?? {};
  const { timestamp, hostname } = parsed.message;
  const seal = own?.kind === 'seal' && /^\d+$/.test(`${first}${last}`) ? [first, last] : [];
  return [
    timestamp,
    hostname,
    name.run,
    name.seq,
    own?.kind,
    follows?.run,
    follows?.seq,
    seal[0],
    seal[1],
    message.toString('latin1').replaceAll('\\', '\\\\'),
  ]
    .map((value) => value ?? '\\N')
    .join('\t');
}

function answersIn(text: string): Answers {
  const answers = text
    .split(QUESTION)
    .slice(1)
    .map((part) => {
      const [question = '', head = '', ...rows] = part.trimEnd().split('\n');
      const names = head.split('|');
      return [
        question,
        rows.map((row) => Object.fromEntries(row.split('|').map((value, index) => [names[index], value]))),
      ];
    });
  return Object.fromEntries(answers) as Answers;
}

async function serverOwner(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, SERVER_USER])));
  return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
}
