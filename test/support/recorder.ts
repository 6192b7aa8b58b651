/**
 * Plays the journal behind the real Sources: takes every chunk, checks that
 * each tail's chunks join without a gap, keeps the positions, and can restart
 * from them, with or without the last that were not yet synced.
 */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/lib/clock.js';
import { systemFiles } from '../../src/lib/files.js';
import { Problems } from '../../src/lib/problems.js';
import type { Chunk } from '../../src/model/line.js';
import type { Position, TailId } from '../../src/model/position.js';
import type { Report } from '../../src/model/report.js';
import {
  type HeldFile,
  type Notice,
  type SourceOptions,
  Sources,
  type SourcesDependencies,
} from '../../src/source/sources.js';
import { pollingOnly } from '../../src/source/watch/watcher.js';
import { difference } from './difference.js';

export interface Told {
  readonly level: keyof Report;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

// Short enough for a test, long enough to be a poll.
const POLL_MS = 60;
const PATIENCE_MS = 60_000;

export class Recorder {
  readonly chunks: Chunk[] = [];
  readonly notices: Notice[] = [];
  readonly told: Told[] = [];
  #sources: Sources | undefined;
  #reading: Promise<void> = Promise.resolve();
  #stop = new AbortController();
  #paused: (() => void)[] | undefined;
  #synced = 0;
  /** What `lines` has made of the first `#parsed` chunks. */
  #parsed = 0;
  #whole: string[] = [];
  readonly #open = new Map<TailId, string>();
  #ask = new AbortController();
  #parked = false;
  #last = new Map<TailId, Position>();
  readonly #started = new Set<string>();

  private constructor(
    readonly t: ExecutionContext,
    private options: readonly SourceOptions[],
    readonly deps: Partial<SourcesDependencies>,
    readonly patienceMs: number,
  ) {}

  static async open(
    t: ExecutionContext,
    sources: readonly (Partial<SourceOptions> & { readonly paths: readonly string[] })[],
    deps: Partial<SourcesDependencies> = {},
    patienceMs = PATIENCE_MS,
  ): Promise<Recorder> {
    const recorder = new Recorder(t, sources.map(complete), deps, patienceMs);
    t.teardown(() => recorder.stop());
    await recorder.start();
    return recorder;
  }

  get sources(): Sources {
    return this.#sources!;
  }

  async start(held: readonly HeldFile[] = []): Promise<void> {
    this.#stop = new AbortController();
    this.sync();
    const report = this.#report();
    this.#sources = await Sources.open(this.options, this.positions(), {
      clock: systemClock,
      files: systemFiles,
      report,
      problems: new Problems(systemClock).of(report),
      notice: (notice) => this.notices.push(notice),
      newTailId: () => randomBytes(8).toString('hex'),
      pollMs: POLL_MS,
      watch: pollingOnly,
      startedBefore: new Set(this.#started),
      held,
      ...this.deps,
    });
    for (const { name } of this.options) this.#started.add(name);
    this.#reading = this.#read(this.#sources, this.#stop.signal);
  }

  async stop(): Promise<void> {
    await this.#endReading();
    await this.#sources?.close();
  }

  /** As the agent does it: before the files are closed, what only open ones still hold is read. */
  async stopReadingDeleted(): Promise<void> {
    await this.#endReading();
    for (;;) {
      const chunk = await this.sources.readDeleted(async () => true);
      if (chunk === undefined) break;
      this.#check(chunk);
      this.#last.set(chunk.from.tailId, chunk.to);
      this.chunks.push(chunk);
    }
    await this.sources.close();
  }

  /** As SIGHUP does it: what is open stays open, and `configure` may change the sources meanwhile. */
  async reload(
    options: readonly SourceOptions[] = this.options,
    meanwhile: () => void = () => undefined,
  ): Promise<void> {
    await this.#endReading();
    const held = await this.sources.handOver();
    this.options = options;
    meanwhile();
    await this.start(held);
  }

  async #endReading(): Promise<void> {
    this.#stop.abort();
    this.resume();
    await this.#reading;
  }

  /** Stops and starts again; the last `unsynced` chunks never reached the disk. */
  async restart(unsynced = 0): Promise<void> {
    await this.stop();
    this.forget(unsynced);
    await this.start();
  }

  /** What has been read so far is on disk for good. */
  sync(): void {
    this.#synced = this.chunks.length;
  }

  forget(unsynced: number): void {
    this.chunks.length = Math.max(this.#synced, this.chunks.length - unsynced);
    this.#parsed = 0;
    this.#whole = [];
    this.#open.clear();
  }

  /** The journal failed, and stands a few chunks back. */
  rewind(unsynced: number): void {
    this.forget(unsynced);
    this.sources.rewind(this.positions());
    this.#last = new Map(this.positions().map((position) => [position.tailId, position]));
  }

  /** As a full journal does: once this resolves nothing is asked for until `resume`. */
  async pause(): Promise<void> {
    this.#paused ??= [];
    this.#ask.abort();
    await this.until(() => this.#parked || this.#stop.signal.aborted, 'reading to stop');
  }

  resume(): void {
    const waiting = this.#paused ?? [];
    this.#paused = undefined;
    for (const go of waiting) go();
  }

  /** The last synced position of every tail that is not gone. */
  positions(): Position[] {
    const last = new Map<TailId, Position>();
    for (const { to } of this.chunks) {
      if (to.gone) last.delete(to.tailId);
      else last.set(to.tailId, to);
    }
    return [...last.values()];
  }

  /** All lines in the order in which they were read; parts of a line are joined, an unfinished one comes last. */
  lines(): string[] {
    for (const { from, bytes, ending } of this.chunks.slice(this.#parsed)) {
      const text = (this.#open.get(from.tailId) ?? '') + bytes.toString('latin1');
      const pieces = text.split('\n');
      const rest = pieces.pop()!;
      for (const piece of pieces) this.#whole.push(piece);
      this.#open.delete(from.tailId);
      if (ending === 'final' && rest !== '') this.#whole.push(rest);
      else if (rest !== '') this.#open.set(from.tailId, rest);
    }
    this.#parsed = this.chunks.length;
    return [...this.#whole, ...this.#open.values()];
  }

  /** Waits until exactly these lines have come, in any order if there are several files. */
  async expect(lines: readonly string[], order: 'in order' | 'any order' = 'in order'): Promise<void> {
    await this.until(() => this.lines().length >= lines.length, `${lines.length} lines`);
    const found = this.lines();
    if (Object.values(difference(lines, found)).flat().length > 0) this.t.log(this.outline(), this.told);
    this.t.deepEqual(difference(lines, found), { missing: [], unexpected: [] });
    const astray = order === 'in order' ? found.findIndex((line, index) => line !== lines[index]) : -1;
    this.t.is(astray, -1, `line ${astray}: ${found[astray]} instead of ${lines[astray]}`);
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    const endMs = Date.now() + this.patienceMs;
    while (!condition()) {
      if (Date.now() > endMs) throw new Error(`waited in vain for ${what}; ${this.#story()}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Waits until everything that is in sight has been read, and two more polls have found nothing. */
  async quiet(): Promise<void> {
    let before = -1;
    for (let same = 0; same < 2; ) {
      await new Promise((resolve) => setTimeout(resolve, 2.5 * (this.deps.pollMs ?? POLL_MS)));
      same = before === this.chunks.length ? same + 1 : 0;
      before = this.chunks.length;
    }
  }

  async #read(sources: Sources, signal: AbortSignal): Promise<void> {
    this.#last = new Map(this.positions().map((position) => [position.tailId, position]));
    while (!signal.aborted) {
      if (this.#paused !== undefined) {
        this.#parked = true;
        await new Promise<void>((resolve) => this.#paused?.push(resolve));
        this.#parked = false;
      }
      this.#ask = new AbortController();
      const chunk = await sources.read(AbortSignal.any([signal, this.#ask.signal]));
      if (chunk === undefined) continue;
      this.#check(chunk);
      this.#last.set(chunk.from.tailId, chunk.to);
      this.chunks.push(chunk);
    }
  }

  /** Says only what is wrong: a chunk may still come when the test has all it wants. */
  #check({ from, to, bytes, hole = 0 }: Chunk): void {
    const before = this.#last.get(from.tailId) ?? from;
    if (from.offset !== before.offset || !isDeepStrictEqual(from.insideLine, before.insideLine))
      this.t.deepEqual(from, before, 'a chunk joins the one before');
    const length = bytes.length + hole;
    if (to.offset - from.offset !== length) this.t.is(to.offset - from.offset, length);
  }

  #report(): Report {
    const tell =
      (level: keyof Report) =>
      (message: string, facts: Readonly<Record<string, unknown>> = {}) => {
        this.told.push({ level, message, facts });
      };
    const levels = ['debug', 'info', 'notice', 'warning', 'error'] as const;
    return Object.fromEntries(levels.map((level) => [level, tell(level)])) as unknown as Report;
  }

  /** For a person who looks at a failure. */
  outline(): string[] {
    return this.chunks.map(({ from, to, bytes, ending }) => {
      const text = JSON.stringify(bytes.toString('latin1', 0, 20));
      return `${from.tailId.slice(0, 4)} ${from.path.slice(-12)} ${from.offset}-${to.offset} ${to.identity.inode} ${ending} ${text}${to.gone ? ' gone' : ''}`;
    });
  }

  #story(): string {
    const files = this.sources.files().map(({ path, offset, size, code }) => `${path} ${offset}/${size} ${code ?? ''}`);
    return JSON.stringify(
      {
        lines: this.lines().length,
        outline: this.outline(),
        last: this.lines().slice(-5),
        files,
        told: this.told.slice(-8),
      },
      null,
      1,
    );
  }
}

/** A source as the configuration gives it, with what is left out filled in. */
export function complete(source: Partial<SourceOptions> & { readonly paths: readonly string[] }): SourceOptions {
  return {
    name: 'main',
    exclude: [],
    startAt: 'beginning',
    rotated: [],
    partialLineTimeoutMs: 60_000,
    maxLineBytes: 1024 * 1024,
    ...source,
  };
}
