/** The measuring collector, seen from the script that measures: its port, and how many messages have arrived. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TestPki } from '../test/support/certificates.js';
import { until } from '../test/support/wait.js';

const SCRIPT = fileURLToPath(new URL('./sink-process.js', import.meta.url));

export class Sink {
  port = 0;
  messages = 0;
  connections = 0;
  readonly #child: ChildProcess;

  /** On a port that the system chooses, or on this one. */
  static async start(pki: TestPki, port = 0): Promise<Sink> {
    const sink = new Sink(pki, port);
    await until(() => sink.port > 0, { what: 'the collector to listen' });
    return sink;
  }

  private constructor({ caFile, collectorCert, collectorKey }: TestPki, port: number) {
    this.#child = fork(SCRIPT, [caFile, collectorCert, collectorKey, String(port)], { execArgv: [] });
    this.#child.on('message', (told: { port?: number; messages: number; connections?: number }) => {
      this.port = told.port ?? this.port;
      this.messages = told.messages;
      this.connections = told.connections ?? this.connections;
    });
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
