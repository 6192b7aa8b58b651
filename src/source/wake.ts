/**
 * Hints that something may have changed at a path, from inotify through
 * `fs.watch` on directories; a directory's watch tells of the files in it. A
 * hint carries no text and may be missing: the kernel drops what its queue
 * cannot take and Node does not say so, network file systems and some bind
 * mounts give none at all, writes through a hard link elsewhere neither.
 * Whoever is hinted looks for itself, and looks by itself now and then.
 */
import { type FSWatcher, watch } from 'node:fs';
import { basename, join } from 'node:path';
import { reasonOf, systemCode } from '../lib/errors.js';
import type { Report } from '../model/report.js';

/** `rename`: a name came or went; `change`: what the name stands for changed. */
export type Change = 'rename' | 'change';

export interface Wake {
  /**
   * The directories to watch from now on, the most important first, and what each is known by; others are
   * watched no longer. Answers whether one is watched that was not before: what it has in it is worth a look.
   */
  watch(directories: ReadonlyMap<string, string>): boolean;
  close(): void;
}

export interface WakeOptions {
  /** Called with the path at which something may have changed: in a directory, or the directory itself. */
  readonly hint: (path: string, change: Change) => void;
  readonly report: Report;
}

export type WakeFactory = (options: WakeOptions) => Wake;

/** How a directory is watched; throws as `fs.watch` does. */
export type Watch = (directory: string, changed: (change: Change, name: string | null) => void) => FSWatcher;

// Of the directory, not of the system: the next look says what became of it.
const OWN_FAULTS = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG']);
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'raise fs.inotify.max_user_watches with sysctl',
  EMFILE: 'raise fs.inotify.max_user_instances with sysctl, or LimitNOFILE of the service',
  ENFILE: 'raise fs.file-max with sysctl',
};
const NO_REMEDY = 'nothing has to be done: lines come later, none is lost';

/** Polling alone: for tests. */
export const noWake: WakeFactory = () => ({ watch: () => false, close: () => undefined });

export const inotifyWake: WakeFactory = (options) => new InotifyWake(options);

interface Watched {
  readonly key: string;
  readonly watcher: FSWatcher;
}

export class InotifyWake implements Wake {
  readonly #watched = new Map<string, Watched>();
  #exhausted = false;

  constructor(
    readonly options: WakeOptions,
    readonly start: Watch = (directory, changed) => watch(directory, changed),
  ) {}

  watch(directories: ReadonlyMap<string, string>): boolean {
    for (const [directory, { key }] of this.#watched) if (directories.get(directory) !== key) this.#leave(directory);
    let added = false;
    for (const [directory, key] of directories) {
      if (this.#watched.has(directory)) continue;
      try {
        this.#watched.set(directory, { key, watcher: this.#start(directory) });
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

  close(): void {
    for (const directory of this.#watched.keys()) this.#leave(directory);
  }

  #start(directory: string): FSWatcher {
    const watcher = this.start(directory, (change, name) => this.#changed(watcher, directory, change, name));
    watcher.on('error', () => this.#forget(watcher, directory));
    return watcher;
  }

  #changed(watcher: FSWatcher, directory: string, change: Change, name: string | null): void {
    const { hint } = this.options;
    // What befalls the directory itself comes under its own name. Removed or moved away, it is watched no longer.
    if (name === null || name === basename(directory)) {
      if (change === 'rename') this.#forget(watcher, directory);
      hint(directory, change);
    }
    if (name !== null) hint(join(directory, name), change);
  }

  #forget(watcher: FSWatcher, directory: string): void {
    if (this.#watched.get(directory)?.watcher === watcher) this.#leave(directory);
  }

  #leave(directory: string): void {
    this.#watched.get(directory)?.watcher.close();
    this.#watched.delete(directory);
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
