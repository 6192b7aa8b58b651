/**
 * Watches directories and hints at which path something may have changed, from
 * inotify by chokidar. Hints may be missing: the kernel drops what its queue
 * cannot take and Node does not say so; network file systems, some bind mounts
 * and writes through a hard link in another directory give none. So a hint only
 * says where to look, and everything is looked at now and then without one.
 */
import { basename, join } from 'node:path';
import { FSWatcher } from 'chokidar';
import { reasonOf, systemCode } from '../../lib/errors.js';
import type { RaisesProblems } from '../../lib/problems.js';

export interface Watcher {
  /**
   * Sets the directories to watch, the most important first, each with its identity; others are no longer watched.
   * Answers whether a directory is new: no hints came of what happened in it until now. One call at a time.
   */
  watch(directories: ReadonlyMap<string, string>): Promise<boolean>;
  /** Whether hints come of what happens in this directory. */
  watches(directory: string): boolean;
  close(): Promise<void>;
}

export interface WatcherOptions {
  /** Called with the path at which something may have changed: in a directory, or the directory itself. */
  readonly hint: (path: string, change: Change) => void;
  readonly problems: RaisesProblems;
}

export type WatchFiles = (options: WatcherOptions) => Watcher;

// Faults of one directory, not of the system: the next scan finds out what became of it.
const OWN_FAULTS = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG']);
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'raise fs.inotify.max_user_watches with sysctl',
  EMFILE: 'raise fs.inotify.max_user_instances with sysctl, or LimitNOFILE of the service',
  ENFILE: 'raise fs.file-max with sysctl',
};
const NO_REMEDY = 'nothing has to be done: lines are read later, none is lost';
// It lasts until somebody changes a limit of the system.
const REPEAT_MS = 86_400_000;

/** Polling alone: for tests. */
export const pollingOnly: WatchFiles = () => ({
  watch: () => Promise.resolve(false),
  watches: () => false,
  close: () => Promise.resolve(),
});

export const inotifyWatcher: WatchFiles = (options) => new DirectoryWatcher(options);

interface Watched {
  readonly key: string;
  readonly watch: DirectoryWatch;
}

export class DirectoryWatcher implements Watcher {
  readonly #watched = new Map<string, Watched>();
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
        // The next scan asks for one more, and so finds out when there are some again.
        this.#raise(error, directories.size);
        return added;
      }
    }
    this.options.problems.clear('watches', { directories: this.#watched.size });
    return added;
  }

  watches(directory: string): boolean {
    // Chokidar takes a backslash for a slash.
    return this.#watched.has(directory) && !directory.includes('\\');
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#watched.keys()].map((directory) => this.#leave(directory)));
  }

  async #start(directory: string, key: string): Promise<void> {
    const watch = this.start(directory, (change, name) => this.#changed(watch, directory, change, name));
    this.#watched.set(directory, { key, watch });
    try {
      await watch.ready;
    } catch (error) {
      await this.#forget(watch, directory);
      throw error;
    }
  }

  #changed(watch: DirectoryWatch, directory: string, change: Change, name: string | null): void {
    const { hint } = this.options;
    // What happens to the directory itself comes under its own name. Removed or moved away, it is no longer watched.
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

  #raise(error: unknown, directories: number): void {
    const code = systemCode(error);
    this.options.problems.raise({
      key: 'watches',
      message: 'The system gives no more file watches; polling instead, which is slower',
      facts: { code, reason: reasonOf(error), watched: this.#watched.size, directories },
      remedy: REMEDIES[code] ?? NO_REMEDY,
      over: 'Watching files again, as well as polling',
      repeatMs: REPEAT_MS,
    });
  }
}

/*
 * One directory's watch, by chokidar: its `raw` event passes on what inotify
 * says. Chokidar's other events are not used: it drops some, and for each change
 * it lists the directory and asks for the state of every file in it.
 */

/** `rename`: a name came or went; `change`: what the name stands for changed. */
export type Change = 'rename' | 'change';

export interface DirectoryWatch {
  /** Resolves once no change is missed any more; rejects with the system's error when there is no watch. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

/** `changed` gets a name in the directory, the directory's own name, or `null` when it is no longer watched. */
export type WatchDirectory = (
  directory: string,
  changed: (change: Change, name: string | null) => void,
) => DirectoryWatch;

class RawWatcher extends FSWatcher {
  constructor(readonly failed: (error: Error) => void) {
    // Atomic writes are for editors: with them no directory would be watched whose name ends in `~`.
    super({ depth: 0, ignoreInitial: true, atomic: false });
  }

  /** Chokidar asks this before it does anything about a change: so it lists no directory and asks about no file. */
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
  const ready = new Promise<void>((resolve, reject) => {
    failed = reject;
    watcher.once('ready', () => {
      failed = () => changed('rename', null);
      resolve();
    });
  });
  watcher.on('raw', (change, name) => changed(change as Change, name));
  watcher.add(directory);
  return {
    ready,
    async close() {
      // Closed before it is ready, chokidar never becomes ready, and a wait for that would not end.
      await ready.catch(() => undefined);
      await watcher.close();
    },
  };
};
