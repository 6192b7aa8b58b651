/**
 * `openssl s_server` as a collector, as the old recipe has it in today's
 * spelling. It serves one connection at a time, writes the octets that it
 * gets to its standard output, and ends when its standard input does: that one
 * stays open here.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestPki } from './certificates.js';
import { Daemon } from './daemon.js';
import { freePort, isListening } from './free-port.js';

export interface SServerOptions {
  readonly pki: TestPki;
  readonly port?: number;
  /** It takes commands on its standard input, and its own words stand between the octets that it stores. */
  readonly talkative?: true;
  /** More of its options, for example `-verify_return_error`, which makes it refuse bad certificates by an alert. */
  readonly args?: readonly string[];
}

export class SServer {
  readonly port: number;
  readonly #daemon: Daemon;
  readonly #directory: string;

  static async start({ pki, port, talkative, args = [] }: SServerOptions): Promise<SServer> {
    const directory = await mkdtemp(join(tmpdir(), 's-server-'));
    const chosen = port ?? (await freePort());
    const manner = talkative ? [] : ['-quiet'];
    const identity = ['-CAfile', pki.caFile, '-cert', pki.collectorCert, '-key', pki.collectorKey];
    try {
      const daemon = await Daemon.start({
        command: 'openssl',
        args: ['s_server', '-accept', `127.0.0.1:${chosen}`, ...identity, '-Verify', '3', ...manner, ...args],
        outputFile: join(directory, 'stored'),
        ready: () => isListening(chosen),
      });
      return new SServer(daemon, directory, chosen);
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(daemon: Daemon, directory: string, port: number) {
    this.#daemon = daemon;
    this.#directory = directory;
    this.port = port;
  }

  /** All octets that came, of all connections one after another. */
  get file(): string {
    return join(this.#directory, 'stored');
  }

  stored(): Promise<Buffer> {
    return readFile(this.file);
  }

  /** What it said of its clients: `verify return`, `verify error`. */
  said(): Promise<string> {
    return readFile(join(this.#directory, 'stored.err'), 'utf8');
  }

  /** One letter, as s_server(1) has them; of one that is talkative. */
  command(letter: string): void {
    this.#daemon.say(`${letter}\n`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#daemon.signal(signal);
  }

  async stop(): Promise<void> {
    await this.#daemon.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
