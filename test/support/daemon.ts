/**
 * A real program under test control: started in the foreground, with a standard
 * input that stays open, watched, and ended by its own pid.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { until } from './wait.js';

export interface DaemonOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Its standard output; its standard error goes to the same name with `.err` behind. */
  readonly outputFile: string;
  readonly ready: () => boolean | Promise<boolean>;
}

export class Daemon {
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly #child: ChildProcess;
  #ended = false;

  /** Rejects with what the program said when it ends before it is ready. */
  static async start({ command, args, env, outputFile, ready }: DaemonOptions): Promise<Daemon> {
    const daemon = new Daemon(spawn(command, args, { stdio: 'pipe', ...(env && { env: { ...process.env, ...env } }) }));
    const { stdout, stderr } = daemon.#child;
    const said = `${outputFile}.err`;
    stdout?.pipe(createWriteStream(outputFile, { flags: 'a' }));
    stderr?.pipe(createWriteStream(said, { flags: 'a' }));
    try {
      await until(async () => daemon.#ended || (await ready()), { what: `${command} to be ready` });
      if (daemon.#ended) throw new Error(`${command} ended at once: ${await readFile(said, 'utf8')}`);
    } catch (error) {
      await daemon.stop();
      throw error;
    }
    return daemon;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('error', () => {});
    this.exited = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        this.#ended = true;
        resolve({ code, signal });
      };
      child.once('exit', end);
      // It could not be started at all.
      child.once('error', () => end(null, null));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** On its standard input. */
  say(words: string): void {
    this.#child.stdin?.write(words);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Kills it, and resolves when it is gone. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}
