/**
 * Puts keys and certificates into place: all of them or none. They are written
 * beside their names, synced, listed in a note, and only then renamed. The next
 * command finds the note of an interrupted installation and completes it, so
 * that no key is ever left beside the certificate of another.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, type Stats, statSync } from 'node:fs';
import { access, chmod, type FileHandle, link, open, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AgentError, systemCode } from '../../lib/errors.js';
import { makeDirectory } from '../../lib/make-directory.js';
import { syncDirectory } from '../../lib/sync-directory.js';

export interface NewFile {
  readonly path: string;
  readonly content: string | Uint8Array;
  /** Set at creation: a key is never readable more widely, not for a moment. */
  readonly mode: number;
  /** Whose it becomes, when that differs from the other files. */
  readonly owner?: Owner | undefined;
}

export const MODE = { certificate: 0o644, key: 0o600, authorityKey: 0o400 } as const;

export interface Owner {
  readonly uid: number;
  readonly gid: number;
  /** The group is named, so that its members can read the key. */
  readonly forGroup?: boolean;
}

export interface InstallOptions {
  /** Replace what is there; otherwise nothing is touched when any of the files exists. */
  readonly force: boolean;
  /** Left out: as the file that is replaced, else as its directory, as far as we may. */
  readonly owner?: Owner | undefined;
  /** Replaced files stay as `NAME.<suffix>`. */
  readonly keepAs?: string | undefined;
}

const NOTE = '.certificates-being-installed';
/** No command takes a minute from the first file to the last. */
const LEFTOVER_MS = 60_000;

interface Rename {
  readonly from: string;
  readonly to: string;
}

/** Throws an AgentError; then every file is as it was. */
export async function installFiles(files: readonly NewFile[], options: InstallOptions): Promise<void> {
  const first = files[0];
  if (first === undefined) return;
  const home = dirname(resolve(first.path));
  completeInstallation(home);
  if (!options.force) await refuseExisting(files);
  await removeLeftovers(files);
  const renames: Rename[] = [];
  try {
    for (const file of files) renames.push(await writeBeside(file, file.owner ?? options.owner));
    if (options.keepAs !== undefined) await keepReplaced(files, options.keepAs);
    await syncAll(files);
    await writeNote(home, renames);
  } catch (error) {
    for (const { from } of renames) await rm(from, { force: true });
    throw worded(error, home);
  }
  completeInstallation(home);
  await syncAll(files);
}

/**
 * Carries out what the note says, if there is one. Without an await, so that
 * no signal comes between two renames. A note cut short lists no renames that
 * have begun: it is dropped.
 */
export function completeInstallation(directory: string): void {
  const note = join(directory, NOTE);
  if (!existsSync(note)) return;
  for (const { from, to } of readNote(note)) {
    if (existsSync(from)) renameSync(from, to);
  }
  rmSync(note, { force: true });
}

/** An installation into this directory was interrupted and waits for `completeInstallation`. */
export function isBeingInstalled(directory: string): boolean {
  return existsSync(join(directory, NOTE));
}

async function refuseExisting(files: readonly NewFile[]): Promise<void> {
  for (const { path } of files) {
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (!exists) continue;
    throw new AgentError('file-exists', `${path} exists already and was not touched`, {
      hint: 'choose another name or directory, or give --force to replace it',
    });
  }
}

/** What a command that was killed had written so far; one that is still at work is left alone. */
async function removeLeftovers(files: readonly NewFile[]): Promise<void> {
  for (const { path } of files) {
    const directory = dirname(resolve(path));
    const names = await readdir(directory).catch((): string[] => []);
    const own = names.filter((name) => name.startsWith(`.${basename(path)}.`) && name.endsWith('.new'));
    for (const leftover of own.map((name) => join(directory, name))) {
      const { mtimeMs } = await stat(leftover);
      if (Date.now() - mtimeMs > LEFTOVER_MS) await rm(leftover, { force: true });
    }
  }
}

async function writeBeside({ path, content, mode }: NewFile, owner: Owner | undefined): Promise<Rename> {
  const to = resolve(path);
  const from = join(dirname(to), `.${basename(to)}.${randomBytes(4).toString('hex')}.new`);
  const handle = await open(from, 'wx', mode);
  try {
    await handle.chmod(mode);
    await handle.writeFile(content);
    await giveTo(handle, owner ?? modelOf(to));
    // Only now that it has its group, and only root could give it that.
    if (mode === MODE.key && isRoot()) {
      await handle.chmod(owner === undefined ? keyModeLike(modelOf(to)) : owner.forGroup ? 0o640 : mode);
    }
    await handle.sync();
  } catch (error) {
    await rm(from, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  return { from, to };
}

/** Only root may give files away; for anyone else they are already owned by the right one. */
async function giveTo(handle: FileHandle, { uid, gid }: Owner): Promise<void> {
  if (isRoot()) await handle.chown(uid, gid);
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The file that is replaced, or the directory of a new one. */
function modelOf(path: string): Stats {
  return statSync(existsSync(path) ? path : dirname(path));
}

/**
 * A key is its owner's alone, unless root has arranged it otherwise: a key that
 * its group could read stays so, and a directory of root's that one other group
 * may enter is there for that group to read what lies in it.
 */
export function keyModeLike(model: Pick<Stats, 'uid' | 'gid' | 'mode' | 'isDirectory'>): number {
  const { uid, gid, mode } = model;
  const forGroup = model.isDirectory() ? uid === 0 && gid !== 0 && (mode & 0o017) === 0o010 : (mode & 0o077) === 0o040;
  return forGroup ? MODE.key | 0o040 : MODE.key;
}

async function keepReplaced(files: readonly NewFile[], suffix: string): Promise<void> {
  for (const { path } of files) {
    const exists = await stat(path).then(
      () => true,
      () => false,
    );
    if (exists) await link(path, `${path}.${suffix}`);
  }
}

async function writeNote(directory: string, renames: readonly Rename[]): Promise<void> {
  const handle = await open(join(directory, NOTE), 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(renames)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function readNote(path: string): Rename[] {
  const text = readFileSync(path, 'utf8');
  return text.endsWith(']\n') ? JSON.parse(text) : [];
}

async function syncAll(files: readonly NewFile[]): Promise<void> {
  for (const directory of new Set(files.map(({ path }) => dirname(resolve(path))))) await syncDirectory(directory);
}

/** Makes the directory that files are to lie in, unless it is there. With `isShared` others can pass through a new one, not list it. */
export async function prepareDirectory(directory: string, isShared = false): Promise<void> {
  const isNew = !existsSync(directory);
  try {
    await makeDirectory(directory, 0o750);
    if (isNew && isShared) await chmod(directory, 0o751);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw worded(error, directory);
    throw new AgentError('cannot-write', `${directory} is not a directory`, { cause: error, hint: 'choose another' });
  }
}

function worded(error: unknown, directory: string): unknown {
  const hints: Readonly<Record<string, string>> = {
    ENOENT: `make the directory first: mkdir -p -m 0750 ${directory}`,
    EACCES: 'run the command as the owner of that directory, or as root',
    EROFS: 'the file system is read-only: choose another directory',
    ENOSPC: 'make room on that file system',
    EDQUOT: 'your quota on that file system is used up: make room there, or have it raised',
    ENOTDIR: 'something on the way there is not a directory: choose another one',
    EEXIST: 'another cert command works in it; run the command again',
  };
  const hint = hints[systemCode(error)];
  if (hint === undefined) return error;
  return new AgentError('cannot-write', `cannot write into ${directory} (${systemCode(error)})`, {
    cause: error,
    hint,
  });
}
