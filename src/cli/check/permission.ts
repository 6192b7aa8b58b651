/**
 * Judges files as the user that the service runs as: root, who mostly runs `check`, can read
 * everything. The user is asked of systemd, or is the owner of the journal, or of the group that
 * the directory of the configuration is open to. As that user files are really opened, so that
 * access lists and groups count. What is closed comes with the command that opens it.
 */
import { execFile } from 'node:child_process';
import { constants, lstat, open, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '../../config/config.js';
import { systemCode } from '../../lib/errors.js';
import { bytesOfPath } from '../../lib/file-names.js';
import { shellWord } from '../../lib/printable.js';

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** All groups, the first one too. */
  readonly gids: ReadonlySet<number>;
}

const UNIT = 'openemr-audit-forwarder.service';
const ANSWER_MS = 5_000;

/** The user that the agent of this configuration runs as: this process's own, unless root asks for another's sake. */
export async function serviceUser({ file, journal }: Pick<Config, 'file' | 'journal'>): Promise<User> {
  const accounts = await readAccounts();
  const own = accounts.byUid(process.getuid?.() ?? 0);
  if (own.uid !== 0) return own;
  const [directory, configuration] = await Promise.all([statsOf(journal.directory), statsOf(dirname(file))]);
  if (directory !== undefined && directory.uid !== 0) return accounts.byUid(directory.uid, await unitGroups(accounts));
  // As the packages set it up: root owns it, and lets the agent's group in and nobody else.
  const named = configuration?.uid === 0 && (configuration.mode & 0o017) === 0o010 ? configuration.gid : 0;
  const found = named === 0 ? undefined : accounts.byFirstGroup(named);
  return found === undefined ? own : accounts.byUid(found, await unitGroups(accounts));
}

/** SupplementaryGroups= of the unit: nobody but systemd knows them. */
async function unitGroups(accounts: Accounts): Promise<number[]> {
  try {
    const args = ['show', UNIT, '--property=SupplementaryGroups', '--value'];
    const { stdout } = await promisify(execFile)('systemctl', args, { timeout: ANSWER_MS });
    return stdout.split(/\s+/).flatMap((name) => accounts.gidOf(name) ?? []);
  } catch {
    return [];
  }
}

/** The system's code when the user cannot do it, such as EACCES; `undefined` when he can. */
export function refusalFor(user: User, work: () => Promise<unknown>): Promise<string | undefined> {
  return as(user, async () => work().then(() => undefined, systemCode));
}

/** Whether the user can read the file, and list the directory that it lies in. */
export function unreadableFor(user: User, path: string): Promise<string | undefined> {
  return refusalFor(user, async () => {
    const file = await open(bytesOfPath(path), constants.O_RDONLY | constants.O_NONBLOCK);
    await file.close();
    await readdir(bytesOfPath(dirname(path)));
  });
}

/** Only root can become another user. Nothing else may run in this process meanwhile: it would run as that user. */
async function as<T>(user: User, work: () => Promise<T>): Promise<T> {
  const { getuid, getgroups, setgroups, setegid, seteuid } = process;
  if (user.uid === getuid?.() || !getgroups || !setgroups || !setegid || !seteuid) return work();
  const groups = getgroups();
  setgroups([...user.gids]);
  setegid(user.gid);
  seteuid(user.uid);
  try {
    return await work();
  } finally {
    seteuid(0);
    setegid(0);
    setgroups(groups);
  }
}

/** What root runs so that the user can read the file; `undefined` where it would act on what somebody's link leads to. */
export async function permissionCommand(path: string, user: User): Promise<string | undefined> {
  if (await hasForeignLink(path)) return undefined;
  const word = shellWord(path);
  const closed = await closedDirectory(path, user);
  if (closed !== undefined) return `setfacl -m u:${user.name}:x ${shellWord(closed)}`;
  const stats = await statsOf(path);
  if (stats?.isDirectory()) return `setfacl -m u:${user.name}:rx ${word}`;
  const above = dirname(path);
  if ((await refusalFor(user, () => readdir(bytesOfPath(above)))) !== undefined) {
    return `setfacl -m u:${user.name}:rx ${shellWord(above)}`;
  }
  const list = `setfacl -m u:${user.name}:r ${word}`;
  const readers = stats !== undefined && stats.gid !== 0 && (stats.mode & 0o040) !== 0 ? stats.gid : undefined;
  const group = (await readAccounts()).groups.find(({ gid }) => gid === readers && !user.gids.has(gid));
  return group === undefined ? list : `usermod -aG ${group.name} ${user.name} and restart the agent, or ${list}`;
}

/** Whether the path is a symbolic link, or leads through one that is not root's. */
async function hasForeignLink(path: string): Promise<boolean> {
  const stats = await lstat(bytesOfPath(path)).catch(() => undefined);
  if (stats?.isSymbolicLink()) return true;
  for (let above = dirname(path); above !== dirname(above); above = dirname(above)) {
    const link = await lstat(bytesOfPath(above)).catch(() => undefined);
    if (link?.isSymbolicLink() && link.uid !== 0) return true;
  }
  return false;
}

/** The first directory above the path that the user cannot enter. */
async function closedDirectory(path: string, user: User): Promise<string | undefined> {
  const above = dirname(path);
  if (above === path) return undefined;
  const higher = await closedDirectory(above, user);
  if (higher !== undefined) return higher;
  const refused = await refusalFor(user, () => stat(bytesOfPath(join(above, '.'))));
  return refused === undefined ? undefined : above;
}

function statsOf(path: string) {
  return stat(bytesOfPath(path)).catch(() => undefined);
}

interface Accounts {
  readonly groups: readonly { readonly name: string; readonly gid: number; readonly members: readonly string[] }[];
  /** `more`: groups that no file names. A user that is not listed is known by the number. */
  byUid(uid: number, more?: readonly number[]): User;
  /** The uid of the user whose first group this is. */
  byFirstGroup(gid: number): number | undefined;
  gidOf(name: string): number | undefined;
}

async function readAccounts(): Promise<Accounts> {
  const users = (await fieldsOf('/etc/passwd')).map(([name = '', , uid, gid]) => ({
    name,
    uid: Number(uid),
    gid: Number(gid),
  }));
  const groups = (await fieldsOf('/etc/group')).map(([name = '', , gid, members = '']) => ({
    name,
    gid: Number(gid),
    members: members.split(','),
  }));
  return {
    groups,
    byUid: (uid, more = []) => {
      const { name, gid } = users.find((user) => user.uid === uid) ?? { name: String(uid), gid: uid };
      const member = groups.filter(({ members }) => members.includes(name)).map((group) => group.gid);
      return { name, uid, gid, gids: new Set([gid, ...member, ...more]) };
    },
    byFirstGroup: (gid) => users.find((user) => user.gid === gid)?.uid,
    gidOf: (name) => groups.find((group) => group.name === name || String(group.gid) === name)?.gid,
  };
}

/** passwd(5), group(5): fields between colons. */
async function fieldsOf(file: string): Promise<string[][]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'));
}
