/**
 * A real MariaDB for one test: its own data directory, its own socket, a port
 * of its own on the loopback, and its own process, which ends with the test.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Connection, createConnection } from 'mysql2/promise';
import { until } from './wait.js';

const run = promisify(execFile);
const SERVER_USER = 'mysql';

export interface MariaDb {
  readonly socket: string;
  readonly port: number;
  /** As root, over the socket; the caller ends it. */
  connect(database?: string): Promise<Connection>;
  /** Ends the server; its data stay for `start`. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  start(): Promise<void>;
  /** Ends the server and removes all that it had. */
  dispose(): Promise<void>;
}

export async function startMariaDb(options: readonly string[] = []): Promise<MariaDb> {
  const directory = await mkdtemp(join(tmpdir(), 'oaf-mariadb-'));
  const owner = await serverOwner();
  if (owner !== undefined) await chown(directory, owner.uid, owner.gid);
  const asUser = owner === undefined ? [] : [`--user=${SERVER_USER}`];
  const data = `--datadir=${join(directory, 'data')}`;
  const install = ['--no-defaults', data, '--auth-root-authentication-method=normal', '--skip-test-db', ...asUser];
  await run('mariadb-install-db', install);
  const port = await freePort();
  const server = new Server(directory, port, [data, ...asUser, ...options]);
  await server.start();
  return server;
}

class Server implements MariaDb {
  readonly socket: string;
  readonly port: number;
  readonly #directory: string;
  readonly #options: readonly string[];
  #process: ChildProcess | undefined;

  constructor(directory: string, port: number, options: readonly string[]) {
    this.#directory = directory;
    this.socket = join(directory, 'socket');
    this.port = port;
    this.#options = options;
  }

  async start(): Promise<void> {
    const own = [`--socket=${this.socket}`, `--port=${this.port}`, '--bind-address=127.0.0.1'];
    const small = ['--innodb-buffer-pool-size=64M', '--innodb-flush-log-at-trx-commit=0', '--skip-log-bin'];
    const pid = `--pid-file=${join(this.#directory, 'pid')}`;
    this.#process = spawn('mariadbd', ['--no-defaults', ...own, ...small, pid, ...this.#options], { stdio: 'ignore' });
    const started = this.#process;
    await until(
      async () => {
        if (started.exitCode !== null) throw new Error(`mariadbd ended with status ${started.exitCode}`);
        const connection = await this.connect().catch(() => undefined);
        await connection?.end();
        return connection !== undefined;
      },
      { what: 'MariaDB to answer', everyMs: 50, timeoutMs: 60_000 },
    );
  }

  connect(database?: string): Promise<Connection> {
    return createConnection({ socketPath: this.socket, user: 'root', ...(database === undefined ? {} : { database }) });
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill(signal);
    await ended;
  }

  async dispose(): Promise<void> {
    await this.stop('SIGKILL');
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** MariaDB refuses to run as root: then it is the package's own account that runs it. */
async function serverOwner(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, SERVER_USER])));
  return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
