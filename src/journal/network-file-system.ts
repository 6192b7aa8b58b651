/**
 * Whether a directory lies on a file system that other machines share. There a
 * sync, a rename or a socket does not promise what the journal builds on, so
 * `check` says that it is not supported. Magic numbers: statfs(2), linux/magic.h.
 */
import type { Files } from './files.js';

const NETWORK_TYPES: ReadonlySet<number> = new Set([
  0x6969, // nfs
  0x517b, // smb
  0xff534d42, // cifs
  0xfe534d42, // smb2, smb3
  0x5346414f, // afs
  0x6b414653, // kafs
  0x73757245, // coda
  0x01021997, // 9p
  0x00c36400, // ceph
  0x01161970, // gfs2
  0x7461636f, // ocfs2
  0x0bd00bd0, // lustre
  0x47504653, // gpfs
]);

/** Rejects with what the disk says, as when there is no such directory. */
export async function isNetworkFileSystem(directory: string, files: Files): Promise<boolean> {
  return NETWORK_TYPES.has((await files.volume(directory)).type);
}
