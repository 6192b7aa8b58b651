/**
 * Lines written at a steady rate while things die: the program as a child
 * process, a hostile collector in another, and in the end two counts of what
 * the collector stored: an independent one, and the program's own `verify`. One
 * row of the table of crashes.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { type AgentProcess, type JournalPlace, Stage } from './agent.js';
import { makeTestPki } from './certificates.js';
import { collectingProcess } from './collecting.js';
import { type Delivered, storedIn } from './delivered.js';
import { freePort } from './free-port.js';
import type { HostileProcess } from './hostile-process.js';
import type { Volume } from './volume.js';
import { until } from './wait.js';

export interface CrashOptions {
  readonly lines: number;
  readonly linesPerSecond: number;
  readonly journal?: JournalPlace;
}

/** What is played: CRASH_LOADS has lines, and lines a second. */
export const LOADS = (process.env.CRASH_LOADS ?? '44000/2000 200000/10000').split(' ').map((load): CrashOptions => {
  const [lines = 0, linesPerSecond = 0] = load.split('/').map(Number);
  return { lines, linesPerSecond };
});

export class CrashStory {
  faults = 0;
  agent: AgentProcess | undefined;
  collector: HostileProcess | undefined;

  static async begin(t: ExecutionContext, options: CrashOptions): Promise<CrashStory> {
    const pki = await makeTestPki();
    t.teardown(() => pki.remove());
    const port = await freePort();
    const { journal = {} } = options;
    const stage = new Stage(t, { pki, collectors: [{ host: 'localhost', port }], journal });
    return new CrashStory(t, stage, port, options, (directory) => collectingProcess(t, pki, directory, { port }));
  }

  private constructor(
    private readonly t: ExecutionContext,
    private readonly stage: Stage,
    readonly port: number,
    private readonly options: CrashOptions,
    private readonly newCollector: (directory: string) => Promise<HostileProcess>,
  ) {}

  async startAgent(): Promise<void> {
    this.agent = await this.stage.startProgram();
  }

  async startCollector(): Promise<void> {
    this.collector = await this.newCollector(this.stage.directory);
  }

  async killAgent(): Promise<void> {
    this.faults += 1;
    await this.agent?.kill();
    this.agent = undefined;
  }

  async killCollector(): Promise<void> {
    this.faults += 1;
    await this.collector?.stop();
    this.collector = undefined;
  }

  /** It says close_notify on its connections, whatever lies unread, and ends. */
  async terminateCollector(): Promise<void> {
    this.faults += 1;
    this.collector?.signal('SIGTERM');
    await this.collector?.exited;
    this.collector = undefined;
  }

  async freezeAndKillCollector(ms: number): Promise<void> {
    this.collector?.signal('SIGSTOP');
    await sleep(ms);
    await this.killCollector();
  }

  /** Another file takes all room of the journal's disk; resolves when the agent stands still for it. */
  async fillDisk(volume: Volume): Promise<void> {
    this.faults += 1;
    volume.fill();
    await until(() => this.agent?.state()?.journal.limit === 'disk', { what: 'the disk to be full' });
  }

  /** Until the writing has come so far (0 to 1). */
  async at(share: number): Promise<void> {
    await until(() => this.stage.written >= share * this.options.lines, {
      what: `${share} of the lines to be written`,
      timeoutMs: 300_000,
      everyMs: 20,
    });
  }

  /** Writes everything while `faults` happen, then waits until all has arrived, stops the agent, and counts. */
  async play(faults: () => Promise<void>): Promise<Delivered> {
    const { t, stage } = this;
    await Promise.all([this.#write(), faults()]);
    if (this.collector === undefined) await this.startCollector();
    if (this.agent === undefined) await this.startAgent();
    await until(() => stage.complete(this.#stored()), { what: 'all lines', timeoutMs: 300_000, everyMs: 1_000 });
    t.is(await this.agent?.terminate(), 0, 'the agent stops in order');
    const found = stage.delivered(this.#stored());
    const { lost, repeated, altered, renamed, holes } = found;
    t.log(
      `${stage.written} lines, ${this.faults} faults: ${lost.length} lost, ${repeated} repeated ` +
        `(${Math.round(repeated / this.faults)} a fault), ${altered.length} altered, ${renamed.length} under two names`,
    );
    t.deepEqual({ lost, altered, renamed, holes }, { lost: [], altered: [], renamed: [], holes: [] });
    const verified = await stage.verify(this.#storeFile);
    t.is(verified.status, 0, verified.output);
    return found;
  }

  #stored(): Buffer[] {
    return storedIn(this.#storeFile);
  }

  get #storeFile(): string {
    return join(this.stage.directory, 'stored.frames');
  }

  async #write(): Promise<void> {
    const { lines, linesPerSecond } = this.options;
    const startedAtMs = performance.now();
    while (this.stage.written < lines) {
      const due = Math.min(lines, Math.ceil(((performance.now() - startedAtMs) * linesPerSecond) / 1000));
      if (due > this.stage.written) this.stage.write(due - this.stage.written);
      await sleep(10);
    }
  }
}

/** mulberry32: the same crashes again for the same seed. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
