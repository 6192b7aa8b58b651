/**
 * A disk in memory that forgets: what was not synced may be gone after a power
 * cut, page by page and name by name; after a failed sync the pages count as
 * clean although they were never written, as on Linux. Any call can be made to fail.
 */
import { dirname } from 'node:path';
import type { FileState, Files, OpenFile, Volume } from '../../src/lib/files.js';

/** Small, so that small tests tear entries. */
const PAGE_BYTES = 64;

interface Inode {
  data: Buffer;
  synced: Buffer;
  readonly dirty: Set<number>;
  mode: number;
}

export type Call =
  | 'open'
  | 'read'
  | 'write'
  | 'datasync'
  | 'truncate'
  | 'rename'
  | 'unlink'
  | 'mkdir'
  | 'syncDirectory';

export class ForgetfulFiles implements Files {
  /** Asked before every call; what it gives is thrown. A failing write has written some of its bytes. */
  fault: (call: Call, path: string) => Error | undefined = () => undefined;
  readonly calls: { readonly call: Call; readonly path: string; readonly bytes: number }[] = [];
  space: Volume = { totalBytes: 1e9, freeBytes: 1e9, type: 0xef53 };
  readonly #names = new Map<string, Inode>();
  readonly #syncedNames = new Map<string, Inode>();
  readonly #directories = new Set<string>(['/']);

  /**
   * The disk as it is found after a power cut; on this one, whoever still has it, nothing works any more.
   * `chance` gives numbers from 0 to 1 and decides page by page and name by name what had reached the disk.
   */
  cutPower(chance: () => number): ForgetfulFiles {
    const after = new ForgetfulFiles();
    for (const directory of this.#directories) after.#directories.add(directory);
    for (const path of new Set([...this.#names.keys(), ...this.#syncedNames.keys()])) {
      const inode = chance() < 0.5 ? this.#names.get(path) : this.#syncedNames.get(path);
      if (inode !== undefined) after.put(path, remembered(inode, chance), inode.mode);
    }
    this.fault = (_, path) => systemError('EIO', path);
    return after;
  }

  /** Another disk with the same files, all of them synced. */
  copy(): ForgetfulFiles {
    const copy = new ForgetfulFiles();
    for (const directory of this.#directories) copy.#directories.add(directory);
    for (const [path, { data, mode }] of this.#names) copy.put(path, data, mode);
    return copy;
  }

  /** The paths of all files, in order. */
  get paths(): string[] {
    return [...this.#names.keys()].toSorted();
  }

  content(path: string): Buffer {
    return this.#inode(path).data;
  }

  /** As if it had always been so: synced, by nobody. */
  put(path: string, content: Buffer, mode = 0o600): void {
    const inode = { data: Buffer.from(content), synced: Buffer.from(content), dirty: new Set<number>(), mode };
    this.#names.set(path, inode);
    this.#syncedNames.set(path, inode);
  }

  remove(path: string): void {
    this.#names.delete(path);
    this.#syncedNames.delete(path);
  }

  async open(path: string, how: 'read' | 'write' | 'create'): Promise<OpenFile> {
    this.#step('open', path);
    if (how === 'create') {
      if (this.#names.has(path)) throw systemError('EEXIST', path);
      if (!this.#directories.has(dirname(path))) throw systemError('ENOENT', path);
      this.#names.set(path, { data: Buffer.alloc(0), synced: Buffer.alloc(0), dirty: new Set(), mode: 0o600 });
    }
    return this.#openFile(path, this.#inode(path));
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step('rename', to);
    this.#names.set(to, this.#inode(from));
    this.#names.delete(from);
  }

  async unlink(path: string): Promise<void> {
    this.#step('unlink', path);
    this.#inode(path);
    this.#names.delete(path);
  }

  async readdir(path: string): Promise<string[]> {
    return this.paths.filter((name) => dirname(name) === path).map((name) => name.slice(path.length + 1));
  }

  async stat(path: string): Promise<FileState> {
    if (this.#directories.has(path)) return { bytes: 0, mode: 0o700, isDirectory: true, isFile: false };
    return stateOf(this.#inode(path));
  }

  async mkdir(path: string): Promise<void> {
    this.#step('mkdir', path);
    for (let at = path; at !== '/'; at = dirname(at)) this.#directories.add(at);
  }

  async volume(): Promise<Volume> {
    return this.space;
  }

  async syncDirectory(path: string): Promise<void> {
    this.#step('syncDirectory', path);
    for (const name of [...this.#syncedNames.keys()]) {
      if (dirname(name) === path && !this.#names.has(name)) this.#syncedNames.delete(name);
    }
    for (const [name, inode] of this.#names) if (dirname(name) === path) this.#syncedNames.set(name, inode);
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw systemError('ENOENT', path);
    return inode;
  }

  #step(call: Call, path: string, bytes = 0): void {
    this.calls.push({ call, path, bytes });
    const error = this.fault(call, path);
    if (error !== undefined) throw error;
  }

  #openFile(path: string, inode: Inode): OpenFile {
    return {
      read: async (into, position) => {
        this.#step('read', path, into.length);
        return inode.data.copy(into, 0, position);
      },
      write: async (buffers, position) => {
        const bytes = Buffer.concat(buffers);
        this.calls.push({ call: 'write', path, bytes: bytes.length });
        const error = this.fault('write', path);
        write(inode, error === undefined ? bytes : bytes.subarray(0, bytes.length >>> 1), position);
        if (error !== undefined) throw error;
      },
      datasync: async () => {
        try {
          this.#step('datasync', path);
        } catch (error) {
          inode.dirty.clear();
          throw error;
        }
        inode.synced = Buffer.concat([inode.synced], inode.data.length);
        for (const page of inode.dirty) copyPage(inode.data, inode.synced, page);
        inode.dirty.clear();
      },
      truncate: async (length) => {
        this.#step('truncate', path);
        inode.data = Buffer.concat([inode.data], length);
      },
      stat: async () => stateOf(inode),
      close: async () => undefined,
    };
  }
}

export function systemError(code: string, path = ''): Error {
  return Object.assign(new Error(`${code}: injected, ${path}`), { code });
}

function stateOf({ data, mode }: Inode): FileState {
  return { bytes: data.length, mode, isDirectory: false, isFile: true };
}

function write(inode: Inode, bytes: Buffer, position: number): void {
  const end = position + bytes.length;
  inode.data = Buffer.concat([inode.data], Math.max(inode.data.length, end));
  bytes.copy(inode.data, position);
  for (let page = Math.floor(position / PAGE_BYTES); page * PAGE_BYTES < end; page += 1) inode.dirty.add(page);
}

/** Some of the pages that were not synced have reached the disk all the same, and with the last of them the length. */
function remembered({ data, synced, dirty }: Inode, chance: () => number): Buffer {
  const pages = [...dirty].filter(() => chance() < 0.5);
  const reach = Math.min(data.length, (Math.max(-1, ...pages) + 1) * PAGE_BYTES);
  const kept = Buffer.concat([synced], Math.max(synced.length, reach));
  for (const page of pages) copyPage(data, kept, page);
  return kept;
}

function copyPage(from: Buffer, into: Buffer, page: number): void {
  const start = page * PAGE_BYTES;
  if (start < from.length) from.copy(into, start, start, start + PAGE_BYTES);
}
