/** A hostile collector in a process of its own, which can be killed, frozen and told to stop, by its pid. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Behaviour } from './hostile-behaviour.js';
import type { Counts, HostileOptions } from './hostile-collector.js';
import { until } from './wait.js';

const SCRIPT = fileURLToPath(new URL('./hostile-child.js', import.meta.url));

export interface HostileProcessOptions extends HostileOptions {
  /** Only a file outlives a process. */
  readonly store: { readonly file: string; readonly as: 'frames' | 'lines' };
  /** The command that starts it elsewhere, as `nsenter` does. */
  readonly inside?: readonly string[];
}

export class HostileProcess {
  /** What the process said last; what it has stored since it was killed may be a little more. */
  counts: Counts = { connections: 0, handshakes: 0, messages: 0, closeNotifies: 0, resets: 0 };
  /** Resolves when the process has ended. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly #child: ChildProcess;
  #port = 0;

  static async start(options: HostileProcessOptions): Promise<HostileProcess> {
    const started = new HostileProcess(options);
    let ended = false;
    void started.exited.then(() => {
      ended = true;
    });
    await until(() => started.#port > 0 || ended, { what: 'the hostile collector to listen' });
    if (started.#port === 0) throw new Error('the hostile collector ended before it listened; see its error above');
    return started;
  }

  private constructor({ inside = [], ...options }: HostileProcessOptions) {
    const [execPath = process.execPath, ...execArgv] = [...inside, process.execPath, '--enable-source-maps'];
    this.#child = fork(SCRIPT, [JSON.stringify(options)], { execPath, execArgv });
    this.exited = once(this.#child, 'exit').then(([code, signal]) => ({ code, signal }));
    this.#child.on('message', ({ port, ...counts }: Counts & { port: number }) => {
      this.#port = port;
      this.counts = counts;
    });
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** For connections from now on. */
  behave(behaviour: Behaviour): void {
    this.#child.send(behaviour);
  }

  /** SIGKILL, SIGSTOP, SIGCONT; SIGTERM says close_notify on each connection, whatever lies unread, and ends. */
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    this.#child.kill(signal);
  }

  /** Kills it if it still runs, and resolves when it is gone. */
  async stop(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }
}
