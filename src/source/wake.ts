/**
 * Hints that something may have changed at a path, from inotify by chokidar.
 * A hint carries no data and may be missing: chokidar 5 drops a change that
 * follows another within 50 ms (paulmillr/chokidar#1455), network file systems
 * and bind mounts give none at all. Whoever is hinted looks again later, and
 * looks by itself now and then.
 */
import { type FSWatcher, watch } from 'chokidar';
import type { Clock } from '../lib/clock.js';
import { reasonOf, systemCode } from '../lib/errors.js';
import type { Report } from '../model/report.js';

export interface Wake {
  /** The directories to watch from now on; others are watched no longer. */
  watch(directories: ReadonlySet<string>): void;
  close(): Promise<void>;
}

export interface WakeOptions {
  /** Called with the path at which something may have changed. */
  readonly hint: (path: string) => void;
  /** Whether a file can matter at all: others get no inotify watch of their own. */
  readonly concerns: (path: string) => boolean;
  readonly report: Report;
  readonly clock: Clock;
}

export type WakeFactory = (options: WakeOptions) => Wake;

// Watches come free when other programs end: try again, but not all the time.
const TRY_AGAIN_MS = 300_000;
const EXHAUSTED = new Set(['ENOSPC', 'EMFILE', 'ENFILE']);

/** Polling alone: for file systems without notifications, and for tests. */
export const noWake: WakeFactory = () => ({ watch: () => undefined, close: () => Promise.resolve() });

export const chokidarWake: WakeFactory = (options) => new ChokidarWake(options);

export class ChokidarWake implements Wake {
  #watcher: FSWatcher | undefined;
  #closing: Promise<void> = Promise.resolve();
  #watched = new Set<string>();
  #tryAgainAtMs = 0;
  #exhausted = false;
  #closed = false;

  constructor(
    readonly options: WakeOptions,
    readonly start: typeof watch = watch,
  ) {}

  watch(directories: ReadonlySet<string>): void {
    if (this.#closed || this.options.clock.monotonicMs() < this.#tryAgainAtMs) return;
    this.#watcher ??= this.#start();
    const added = [...directories].filter((directory) => !this.#watched.has(directory));
    const removed = [...this.#watched].filter((directory) => !directories.has(directory));
    this.#watched = new Set(directories);
    if (removed.length > 0) this.#watcher.unwatch(removed);
    if (added.length > 0) this.#watcher.add(added);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stop();
    await this.#closing;
  }

  #start(): FSWatcher {
    const { hint, concerns } = this.options;
    const watcher = this.start([], {
      depth: 0,
      // The first `add` says that the watch stands: what was written before it is looked at then.
      ignoreInitial: false,
      atomic: false,
      ignored: (path, stats) => stats !== undefined && !stats.isDirectory() && !concerns(path),
    });
    watcher.on('all', (_, path) => hint(path));
    watcher.on('error', (error) => {
      if (watcher === this.#watcher) this.#failed(error);
    });
    watcher.once('ready', () => {
      if (watcher !== this.#watcher || !this.#exhausted) return;
      this.#exhausted = false;
      this.options.report.notice('Watching files again, as well as polling');
    });
    return watcher;
  }

  #failed(error: unknown): void {
    const code = systemCode(error);
    // A directory that went away or may not be read: the next look says so.
    if (!EXHAUSTED.has(code)) return;
    if (!this.#exhausted) {
      this.options.report.warning('The system gives no more file watches; polling instead, which is slower', {
        code,
        reason: reasonOf(error),
        hint: 'raise fs.inotify.max_user_watches or fs.inotify.max_user_instances with sysctl',
      });
    }
    this.#exhausted = true;
    this.#tryAgainAtMs = this.options.clock.monotonicMs() + TRY_AGAIN_MS;
    this.#stop();
  }

  #stop(): void {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    this.#watched = new Set();
    if (watcher === undefined) return;
    this.#closing = Promise.all([this.#closing, watcher.close()]).then(
      () => undefined,
      () => undefined,
    );
  }
}
