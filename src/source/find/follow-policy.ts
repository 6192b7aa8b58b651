/**
 * Decides which names in a log directory may be followed. Who can write to one,
 * often the web server's user, can put a link to any file there, and the agent
 * may read more than he does. So a link counts only when it gives him nothing
 * that he could not write into a log himself:
 *
 * - Symbolic links of root and of the agent's user may lead anywhere.
 * - One of another user must belong to the owner of what it leads to (as
 *   Apache's SymLinksIfOwnerMatch) and stay below the directories that the
 *   source's patterns begin with, unless a pattern names it without a wildcard.
 * - A file with names that nobody sees is taken only from a directory to which
 *   nobody but root, the agent and the file's owner can add names.
 * - The agent's own files, and all below /proc, /sys and /dev, never count.
 *
 * Names change while they are looked at. So `mayRead` is asked once more of
 * what has been opened, by the path that the kernel gives.
 */
import { basename, dirname, join, resolve } from 'node:path';
import { systemCode } from '../../lib/errors.js';
import type { FileStats, Files } from '../../lib/files.js';
import type { RaisesProblems } from '../../lib/problems.js';

export type RefusedBecause = 'link-owner' | 'link-target' | 'hard-link' | 'own-file' | 'kernel-file';

/** A name that is not followed. */
export interface RefusedName {
  readonly path: string;
  /** Name of the source. */
  readonly source: string;
  readonly because: RefusedBecause;
}

/** Thrown where a name is not followed. */
export class NotFollowed extends Error {
  constructor(readonly because: RefusedBecause) {
    super(because);
  }
}

export interface FollowPolicyOptions {
  readonly files: Pick<Files, 'list' | 'stat' | 'lstat' | 'readlink' | 'realpath'>;
  /** Files and directories of the agent: key, configuration, journal. */
  readonly ownPaths: readonly string[];
  /** The user that the agent runs as. */
  readonly uid: number;
}

/** What a name leads to. */
export interface Followed {
  /** Its path without links. */
  readonly real: string;
  readonly stats: FileStats;
}

interface Resolved extends Followed {
  /** All links on the way belong to root or to the agent's user. */
  readonly isTrusted: boolean;
}

const ROOT = 0;
/** As Linux. */
const MOST_LINKS = 40;
const KERNEL_DIRECTORIES = ['/proc', '/sys', '/dev'];
/** Nothing is there. */
export const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);
const OTHERS_WRITE = 0o022;
const DELETED = / \(deleted\)$/;
const REPEAT_MS = 86_400_000;

export class FollowPolicy {
  readonly #options: FollowPolicyOptions;
  /** `device:inode` of the agent's own files. */
  #ownKeys: ReadonlySet<string> = new Set();
  #ownRealPaths: readonly string[] = [];
  #kernelDevices: ReadonlySet<number> = new Set();
  /** Directories of files that the last scan has found, without links. */
  #directories: ReadonlySet<string> = new Set();

  constructor(options: FollowPolicyOptions) {
    this.#options = options;
  }

  /** Own files may have been replaced since the last scan. */
  async newScan(): Promise<void> {
    const { files, ownPaths } = this.#options;
    const locate = async (path: string) => ({ real: await files.realpath(path), key: keyOf(await files.stat(path)) });
    const own = await Promise.all(ownPaths.map((path) => locate(path).catch(() => undefined)));
    this.#ownKeys = new Set(own.flatMap((one) => one?.key ?? []));
    this.#ownRealPaths = own.flatMap((one) => one?.real ?? []);
    if (this.#kernelDevices.size > 0) return;
    const kernel = await Promise.all(KERNEL_DIRECTORIES.map((path) => files.stat(path).catch(() => undefined)));
    const { dev: disk } = (await files.stat('/').catch(() => undefined)) ?? {};
    this.#kernelDevices = new Set(
      kernel.flatMap((stats) => (stats === undefined || stats.dev === disk ? [] : stats.dev)),
    );
  }

  /** What was found by the scan that has ended: the directories of its files, without links. */
  endScan(directories: ReadonlySet<string>): void {
    this.#directories = directories;
  }

  /**
   * Follows a name whose directory has no links in its path. `trees`: below which a link must stay; `undefined` for a
   * name that a pattern gives. Rejects with NotFollowed, or with the system's error.
   */
  async follow(path: string, trees: readonly string[] | undefined): Promise<Followed> {
    const stats = await this.#options.files.lstat(path);
    const found = stats.isLink
      ? await this.#followLink(path, stats, MOST_LINKS)
      : { real: path, stats, isTrusted: true };
    if (!found.isTrusted && trees !== undefined && !trees.some((tree) => isBelow(found.real, tree)))
      throw new NotFollowed('link-target');
    const because = this.refusal(found);
    if (because !== undefined) throw new NotFollowed(because);
    return found;
  }

  /** Why this is never followed, whatever leads to it; `undefined`: it may be. */
  refusal({ real, stats }: Followed): RefusedBecause | undefined {
    if (this.#isOwn(real) || this.#ownKeys.has(keyOf(stats))) return 'own-file';
    return isOfKernel(real) || this.#kernelDevices.has(stats.dev) ? 'kernel-file' : undefined;
  }

  /** Whether a file with several names lies in one of the agent's directories, too. */
  async isLinkToOwn({ dev, ino }: Pick<FileStats, 'dev' | 'ino'>): Promise<boolean> {
    for (const path of this.#ownRealPaths) if (await this.#holds(path, `${dev}:${ino}`)) return true;
    return false;
  }

  /** Whether a file may have been put into this directory by somebody who cannot read it: it has names that were not seen. */
  isForeignLink({ nlink, uid }: Pick<FileStats, 'nlink' | 'uid'>, namesSeen: number, directory: FileStats): boolean {
    if (nlink <= namesSeen) return false;
    const owners = [ROOT, this.#options.uid, uid];
    return !owners.includes(directory.uid) || (directory.mode & OTHERS_WRITE) !== 0;
  }

  /** Whether what was opened lies where files of the sources do. `path`: as the kernel gives it. */
  mayRead(path: string | undefined): boolean {
    if (path === undefined) return true;
    const real = path.replace(DELETED, '');
    return this.#directories.has(dirname(real)) && !this.#isOwn(real) && !isOfKernel(real);
  }

  async #followLink(path: string, link: FileStats, linksLeft: number): Promise<Resolved> {
    if (linksLeft === 0) throw Object.assign(new Error(`ELOOP: too many links, ${path}`), { code: 'ELOOP' });
    const { files, uid } = this.#options;
    const target = resolve(dirname(path), await files.readlink(path));
    if (link.uid === ROOT || link.uid === uid) return this.#resolve(target, linksLeft - 1);
    const found = await this.#resolve(target, linksLeft - 1).catch((error: unknown) => {
      // What cannot be looked at may be anybody's. Nothing is no harm.
      throw GONE.has(systemCode(error)) || error instanceof NotFollowed ? error : new NotFollowed('link-owner');
    });
    if (link.uid !== found.stats.uid) throw new NotFollowed('link-owner');
    return { ...found, isTrusted: false };
  }

  /** Follows all links in a path. */
  async #resolve(path: string, linksLeft: number): Promise<Resolved> {
    const { files } = this.#options;
    const above = dirname(path);
    if (above === path) return { real: path, stats: await files.lstat(path), isTrusted: true };
    const { real, isTrusted } = await this.#resolve(above, linksLeft);
    const own = join(real, basename(path));
    const stats = await files.lstat(own);
    if (!stats.isLink) return { real: own, stats, isTrusted };
    const found = await this.#followLink(own, stats, linksLeft);
    return { ...found, isTrusted: isTrusted && found.isTrusted };
  }

  async #holds(path: string, key: string): Promise<boolean> {
    const { files } = this.#options;
    const stats = await files.lstat(path).catch(() => undefined);
    if (stats === undefined || stats.isLink) return false;
    if (!stats.isDirectory) return keyOf(stats) === key;
    for (const { name } of await files.list(path).catch(() => []))
      if (await this.#holds(join(path, name), key)) return true;
    return false;
  }

  #isOwn(path: string): boolean {
    return this.#ownRealPaths.some((own) => isBelow(path, own));
  }
}

function isOfKernel(path: string): boolean {
  return KERNEL_DIRECTORIES.some((directory) => isBelow(path, directory));
}

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

function keyOf({ dev, ino }: Pick<FileStats, 'dev' | 'ino'>): string {
  return `${dev}:${ino}`;
}

/** Opens only what may be read, even if its name has come to lead elsewhere since it was looked at. */
export function guarded(files: Pick<Files, 'open'>, policy: Pick<FollowPolicy, 'mayRead'>): Pick<Files, 'open'> {
  return {
    open: async (path, how) => {
      const file = await files.open(path, how);
      if (policy.mayRead(file.path())) return file;
      await file.close();
      throw Object.assign(new Error(`ENOENT: another file has come to lie there, ${path}`), { code: 'ENOENT' });
    },
  };
}

/* What is refused is named as long as it is there. */

const REASONS: Readonly<Record<RefusedBecause, string>> = {
  'link-owner': 'a symbolic link that belongs neither to root, nor to the agent, nor to the owner of what it leads to',
  'link-target': 'a symbolic link of another user that leads out of the directory with which the pattern begins',
  'hard-link': 'a file with another name somewhere else, in a directory to which others can add names',
  'own-file': "one of the agent's own files",
  'kernel-file': 'it leads to /proc, /sys or /dev',
};
/** So many are named; a directory full of them is not a status full of them. */
const MOST_NAMED = 20;

export class RefusedNames {
  #named: ReadonlySet<string> = new Set();

  constructor(private readonly problems: RaisesProblems) {}

  /** Names those that are refused now; those that are no longer are over. */
  tell(refused: readonly RefusedName[]): void {
    const named = new Map(refused.slice(0, MOST_NAMED).map((name) => [`not-followed ${name.path}`, name]));
    for (const key of this.#named) if (!named.has(key)) this.problems.clear(key);
    for (const [key, { path, source, because }] of named) {
      this.problems.raise({
        key,
        message: 'A name in a log directory is not followed; nothing is sent of it',
        facts: { path, source, reason: REASONS[because], names: refused.length },
        remedy: 'find out who made it and remove it; what is to be sent has to be named in sources[].paths',
        over: 'A name that was not followed is gone, or may be followed now',
        repeatMs: REPEAT_MS,
      });
    }
    this.#named = new Set(named.keys());
  }
}
