/**
 * Hints that something may have changed at a path, from inotify by chokidar;
 * a directory's watch tells of the files in it. A hint carries no text and may
 * be missing: the kernel drops what its queue cannot take and Node does not say
 * so, network file systems and some bind mounts give none at all, writes through
 * a hard link elsewhere neither. Whoever is hinted looks for itself, and looks by
 * itself now and then.
 */
import { basename, join } from 'node:path';
import { FSWatcher } from 'chokidar';
import { reasonOf, systemCode } from '../../lib/errors.js';
import type { Report } from '../../model/report.js';

export interface Watcher {
  /**
   * The directories to watch from now on, the most important first, and what each is known by; others are
   * watched no longer. Answers whether one is watched that was not before: what it has in it is worth a look.
   * One call at a time.
   */
  watch(directories: ReadonlyMap<string, string>): Promise<boolean>;
  close(): Promise<void>;
}

export interface WatcherOptions {
  /** Called with the path at which something may have changed: in a directory, or the directory itself. */
  readonly hint: (path: string, change: Change) => void;
  readonly report: Report;
}

export type WatchFiles = (options: WatcherOptions) => Watcher;

// Of the directory, not of the system: the next look says what became of it.
const OWN_FAULTS = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG']);
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'raise fs.inotify.max_user_watches with sysctl',
  EMFILE: 'raise fs.inotify.max_user_instances with sysctl, or LimitNOFILE of the service',
  ENFILE: 'raise fs.file-max with sysctl',
};
const NO_REMEDY = 'nothing has to be done: lines come later, none is lost';

/** Polling alone: for tests. */
export const pollingOnly: WatchFiles = () => ({ watch: () => Promise.resolve(false), close: () => Promise.resolve() });

export const inotifyWatcher: WatchFiles = (options) => new DirectoryWatcher(options);

interface Watched {
  readonly key: string;
  readonly watch: DirectoryWatch;
}

export class DirectoryWatcher implements Watcher {
  readonly #watched = new Map<string, Watched>();
  #exhausted = false;
  #closed = false;

  constructor(
    readonly options: WatcherOptions,
    readonly start: WatchDirectory = watchDirectory,
  ) {}

  async watch(directories: ReadonlyMap<string, string>): Promise<boolean> {
    const left = [...this.#watched].filter(([directory, { key }]) => directories.get(directory) !== key);
    await Promise.all(left.map(([directory]) => this.#leave(directory)));
    let added = false;
    for (const [directory, key] of directories) {
      if (this.#closed) return added;
      if (this.#watched.has(directory)) continue;
      try {
        await this.#start(directory, key);
        added = true;
      } catch (error) {
        if (OWN_FAULTS.has(systemCode(error))) continue;
        // Asking for one more is all that it costs to find out, at the next look, that there are some again.
        this.#tellExhausted(error, directories.size);
        return added;
      }
    }
    this.#tellComplete();
    return added;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#watched.keys()].map((directory) => this.#leave(directory)));
  }

  async #start(directory: string, key: string): Promise<void> {
    const watch = this.start(directory, (change, name) => this.#changed(watch, directory, change, name));
    this.#watched.set(directory, { key, watch });
    try {
      await watch.stands;
    } catch (error) {
      await this.#forget(watch, directory);
      throw error;
    }
  }

  #changed(watch: DirectoryWatch, directory: string, change: Change, name: string | null): void {
    const { hint } = this.options;
    // What befalls the directory itself comes under its own name. Removed or moved away, it is watched no longer.
    if (name === null || name === basename(directory)) {
      if (change === 'rename') void this.#forget(watch, directory);
      hint(directory, change);
    }
    if (name !== null) hint(join(directory, name), change);
  }

  async #forget(watch: DirectoryWatch, directory: string): Promise<void> {
    if (this.#watched.get(directory)?.watch === watch) await this.#leave(directory);
  }

  async #leave(directory: string): Promise<void> {
    const watched = this.#watched.get(directory);
    this.#watched.delete(directory);
    await watched?.watch.close();
  }

  #tellExhausted(error: unknown, directories: number): void {
    if (this.#exhausted) return;
    this.#exhausted = true;
    const code = systemCode(error);
    this.options.report.warning('The system gives no more file watches; polling instead, which is slower', {
      code,
      reason: reasonOf(error),
      watched: this.#watched.size,
      directories,
      hint: REMEDIES[code] ?? NO_REMEDY,
    });
  }

  #tellComplete(): void {
    if (!this.#exhausted) return;
    this.#exhausted = false;
    this.options.report.notice('Watching files again, as well as polling', { directories: this.#watched.size });
  }
}

/*
 * One directory's watch, by chokidar: what inotify says of it, as chokidar's
 * `raw` event hands it on. Of chokidar's other events some are dropped, and all
 * cost a listing of the directory and a question about every file in it at each
 * change; where a change can matter, that is found out elsewhere.
 */

/** `rename`: a name came or went; `change`: what the name stands for changed. */
export type Change = 'rename' | 'change';

export interface DirectoryWatch {
  /** Resolves once no change is missed any more; rejects with the system's error when there is no watch. */
  readonly stands: Promise<void>;
  close(): Promise<void>;
}

/** `changed` hears of a name in the directory, of its own name, or of `null` when it is watched no longer. */
export type WatchDirectory = (
  directory: string,
  changed: (change: Change, name: string | null) => void,
) => DirectoryWatch;

class RawWatcher extends FSWatcher {
  constructor(readonly failed: (error: Error) => void) {
    // Atomic writes are for editors: with them no directory would be watched whose name ends in `~`.
    super({ depth: 0, ignoreInitial: true, atomic: false });
  }

  /** Whatever chokidar would do about a change asks this first: it lists no directory and asks about no file. */
  override _throttle(): false {
    return false;
  }

  /** chokidar says nothing of a directory that is gone, and throws when it is closed before it has failed. */
  override _handleError(error: Error): Error {
    this.failed(error);
    return error;
  }
}

export const watchDirectory: WatchDirectory = (directory, changed) => {
  let failed: (error: Error) => void = () => undefined;
  const watcher = new RawWatcher((error) => failed(error));
  const stands = new Promise<void>((resolve, reject) => {
    failed = reject;
    watcher.once('ready', () => {
      failed = () => changed('rename', null);
      resolve();
    });
  });
  watcher.on('raw', (change, name) => changed(change as Change, name));
  watcher.add(directory);
  return {
    stands,
    async close() {
      // Closed before it is ready, chokidar would never be, and who waits for that would wait for ever.
      await stands.catch(() => undefined);
      await watcher.close();
    },
  };
};
