/**
 * Hints that something may have changed at a path, from inotify by chokidar;
 * a directory's watch tells of the files in it. A hint carries no text and may
 * be missing: the kernel drops what its queue cannot take and Node does not say
 * so, network file systems and some bind mounts give none at all, writes through
 * a hard link elsewhere neither. Whoever is hinted looks for itself, and looks by
 * itself now and then.
 */
import { basename, join } from 'node:path';
import { reasonOf, systemCode } from '../lib/errors.js';
import type { Report } from '../model/report.js';
import { type Change, type DirectoryWatch, type Watch, watchDirectory } from './directory-watch.js';

export interface Wake {
  /**
   * The directories to watch from now on, the most important first, and what each is known by; others are
   * watched no longer. Answers whether one is watched that was not before: what it has in it is worth a look.
   * One call at a time.
   */
  watch(directories: ReadonlyMap<string, string>): Promise<boolean>;
  close(): Promise<void>;
}

export interface WakeOptions {
  /** Called with the path at which something may have changed: in a directory, or the directory itself. */
  readonly hint: (path: string, change: Change) => void;
  readonly report: Report;
}

export type WakeFactory = (options: WakeOptions) => Wake;

// Of the directory, not of the system: the next look says what became of it.
const OWN_FAULTS = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG']);
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'raise fs.inotify.max_user_watches with sysctl',
  EMFILE: 'raise fs.inotify.max_user_instances with sysctl, or LimitNOFILE of the service',
  ENFILE: 'raise fs.file-max with sysctl',
};
const NO_REMEDY = 'nothing has to be done: lines come later, none is lost';

/** Polling alone: for tests. */
export const noWake: WakeFactory = () => ({ watch: () => Promise.resolve(false), close: () => Promise.resolve() });

export const inotifyWake: WakeFactory = (options) => new InotifyWake(options);

interface Watched {
  readonly key: string;
  readonly watch: DirectoryWatch;
}

export class InotifyWake implements Wake {
  readonly #watched = new Map<string, Watched>();
  #exhausted = false;
  #closed = false;

  constructor(
    readonly options: WakeOptions,
    readonly start: Watch = watchDirectory,
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
