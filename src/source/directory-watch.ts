/**
 * One directory's watch, by chokidar: what inotify says of it, as chokidar's
 * `raw` event hands it on. Of chokidar's other events some are dropped, and all
 * cost a listing of the directory and a question about every file in it at each
 * change; where a change can matter, that is found out elsewhere.
 */
import { FSWatcher } from 'chokidar';

/** `rename`: a name came or went; `change`: what the name stands for changed. */
export type Change = 'rename' | 'change';

export interface DirectoryWatch {
  /** Resolves once no change is missed any more; rejects with the system's error when there is no watch. */
  readonly stands: Promise<void>;
  close(): Promise<void>;
}

/** `changed` hears of a name in the directory, of its own name, or of `null` when it is watched no longer. */
export type Watch = (directory: string, changed: (change: Change, name: string | null) => void) => DirectoryWatch;

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

export const watchDirectory: Watch = (directory, changed) => {
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
