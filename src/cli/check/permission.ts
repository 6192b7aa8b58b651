/**
 * Finds the command that lets a user read a file, as a person would with
 * `namei -l` and the user's groups. When another user runs `check`, only modes
 * are considered, so the command may set an access list that exists already;
 * that does no harm.
 */
import { access, constants, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { bytesOfPath } from '../../lib/file-names.js';

interface User {
  readonly name: string;
  readonly uid: number;
  readonly gids: ReadonlySet<number>;
}

/** To be run as root. `owner`: a file that belongs to the user who is to read. */
export async function permissionCommand(path: string, owner: string): Promise<string | undefined> {
  const user = await ownerOf(owner);
  if (user === undefined) return undefined;
  const closed = await closedDirectory(path, user);
  if (closed !== undefined) return `setfacl -m u:${user.name}:x ${closed}`;
  const stats = await stat(bytesOfPath(path)).catch(() => undefined);
  if (stats?.isDirectory()) return `setfacl -m u:${user.name}:rx ${path}`;
  const list = `setfacl -m u:${user.name}:r ${path}`;
  const readers = stats !== undefined && stats.gid !== 0 && (stats.mode & 0o040) !== 0 ? stats.gid : undefined;
  const group = (await groups()).find(({ gid }) => gid === readers && !user.gids.has(gid));
  return group === undefined ? list : `usermod -aG ${group.name} ${user.name} and restart the agent, or ${list}`;
}

/** The first directory above the path that the user cannot enter. */
async function closedDirectory(path: string, user: User): Promise<string | undefined> {
  const above = dirname(path);
  if (above === path) return undefined;
  return (await closedDirectory(above, user)) ?? ((await mayPass(above, user)) ? undefined : above);
}

async function mayPass(directory: string, { uid, gids }: User): Promise<boolean> {
  if (uid === process.getuid?.()) {
    return access(bytesOfPath(directory), constants.X_OK).then(
      () => true,
      () => false,
    );
  }
  const stats = await stat(bytesOfPath(directory)).catch(() => undefined);
  if (stats === undefined || uid === 0) return true;
  const bit = stats.uid === uid ? 0o100 : gids.has(stats.gid) ? 0o010 : 0o001;
  return (stats.mode & bit) !== 0;
}

async function ownerOf(path: string): Promise<User | undefined> {
  const stats = await stat(bytesOfPath(path)).catch(() => undefined);
  const fields = (await fieldsOf('/etc/passwd')).find(([, , uid]) => stats !== undefined && uid === String(stats.uid));
  const [name, , uid, gid] = fields ?? [];
  if (name === undefined) return undefined;
  const member = (await groups()).filter(({ members }) => members.includes(name)).map((group) => group.gid);
  return { name, uid: Number(uid), gids: new Set([Number(gid), ...member]) };
}

async function groups(): Promise<{ name: string; gid: number; members: string[] }[]> {
  const lines = await fieldsOf('/etc/group');
  return lines.map(([name = '', , gid, members = '']) => ({ name, gid: Number(gid), members: members.split(',') }));
}

/** passwd(5), group(5): fields between colons. */
async function fieldsOf(file: string): Promise<string[][]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'));
}
