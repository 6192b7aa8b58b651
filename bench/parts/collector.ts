/** The measuring collector, seen from the script that measures: its port, and which lines have arrived, and when. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestPki } from '../../test/support/certificates.js';
import { until } from '../../test/support/wait.js';

const SCRIPT = fileURLToPath(new URL('./collector-process.js', import.meta.url));

/** How it ends a connection once the sender has. */
export type Level = 'close-notify' | 'fin' | 'window';
/** How a line shows its number in the messages that come. */
export type Mark = 'text' | 'row' | 'audit';

export interface Settings {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** 0: the system chooses. */
  readonly port: number;
  readonly mark: Mark;
  readonly level: Level;
}

export interface Counts {
  readonly messages: number;
  /** Different lines. */
  readonly lines: number;
  /** Copies beyond the first of a line. */
  readonly repeated: number;
  readonly connections: number;
}

export class Collector {
  counts: Counts = { messages: 0, lines: 0, repeated: 0, connections: 0 };
  port = 0;
  readonly #child: ChildProcess;
  #saved = '';

  static async start(
    { caFile, collectorCert, collectorKey }: TestPki,
    { mark = 'text', level = 'close-notify', port = 0 }: Partial<Pick<Settings, 'mark' | 'level' | 'port'>> = {},
  ): Promise<Collector> {
    const files = { caFile, certFile: collectorCert, keyFile: collectorKey };
    const collector = new Collector({ ...files, mark, level, port });
    await until(() => collector.port > 0, { what: 'the collector to listen' });
    return collector;
  }

  private constructor(settings: Settings) {
    this.#child = fork(SCRIPT, [JSON.stringify(settings)], { execArgv: [] });
    this.#child.on('message', ({ port, saved, ...counts }: Counts & { port?: number; saved?: string }) => {
      this.port = port ?? this.port;
      this.#saved = saved ?? this.#saved;
      this.counts = counts;
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** By the number of a line: milliseconds of the monotonic clock, 0 for a line that has not come. */
  async arrivals(file: string): Promise<Float64Array> {
    this.#child.send(file);
    await until(() => this.#saved === file, { what: 'the collector to write down when each line came' });
    const { buffer, byteOffset, length } = readFileSync(file);
    rmSync(file);
    return new Float64Array(buffer.slice(byteOffset, byteOffset + length));
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
