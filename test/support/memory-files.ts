/**
 * A file system in memory: directories, symbolic and hard links, inode numbers
 * that are used again, files that are deleted while they are open. It forgets,
 * too: what was not synced may be gone after a power cut, page by page and name
 * by name; after a failed sync the pages count as clean although they were never
 * written, as on Linux. Any call can be made to fail. Nothing in it is random.
 */
import { basename, dirname, join } from 'node:path';
import type { DirectoryEntry, FileStats, Files, OpenFile, Volume } from '../../src/lib/files.js';

/** Small, so that small tests tear entries. */
const PAGE_BYTES = 64;
/** As Linux. */
const MOST_LINKS = 40;

class Inode {
  data: Buffer = Buffer.alloc(0);
  synced: Buffer = Buffer.alloc(0);
  readonly dirty = new Set<number>();
  /** Names of it, and open descriptors. */
  names = 0;
  open = 0;
  uid = 0;
  mtimeMs: number;
  ctimeMs: number;
  #storage: Buffer = Buffer.alloc(0);

  constructor(
    readonly kind: 'file' | 'directory' | 'link' | 'other',
    readonly ino: number,
    public mode: number,
    readonly birthtimeMs: number,
    /** Of a link: where it leads. */
    readonly target = '',
  ) {
    this.mtimeMs = birthtimeMs;
    this.ctimeMs = birthtimeMs;
  }

  /** Makes it at least so long; with room for more, so that a log that grows line by line is not copied for each. */
  grow(length: number): void {
    if (length <= this.data.length) return;
    const isOwn = this.data.buffer === this.#storage.buffer;
    if (!isOwn || length > this.#storage.length) {
      this.#storage = Buffer.alloc(Math.max(length, Math.min(2 * length, length + 1024 * 1024)));
      this.data.copy(this.#storage);
    }
    this.data = this.#storage.subarray(0, length);
  }

  get stats(): FileStats {
    const { kind, ino, mode, mtimeMs, ctimeMs, birthtimeMs } = this;
    return {
      size: this.data.length,
      mode,
      isDirectory: kind === 'directory',
      isFile: kind === 'file',
      isLink: kind === 'link',
      uid: this.uid,
      dev: 1,
      ino,
      nlink: this.names,
      mtimeMs,
      ctimeMs,
      birthtimeMs,
    };
  }
}

export type Call =
  | 'open'
  | 'read'
  | 'write'
  | 'datasync'
  | 'truncate'
  | 'rename'
  | 'unlink'
  | 'touch'
  | 'list'
  | 'stat'
  | 'realpath'
  | 'mkdir'
  | 'syncDirectory';

type Changed = (change: 'rename' | 'change', name: string | null) => void;

export class MemoryFiles implements Files {
  /** Asked before every call; what it gives is thrown. A failing write has written some of its bytes. */
  fault: (call: Call, path: string) => Error | undefined = () => undefined;
  readonly calls: { readonly call: Call; readonly path: string; readonly bytes: number }[] = [];
  space: Volume = { totalBytes: 1e9, freeBytes: 1e9, type: 0xef53 };
  /** Everything there is, by its path without links. */
  readonly #names = new Map<string, Inode>();
  readonly #syncedNames = new Map<string, Inode>();
  readonly #watches = new Map<string, Set<Changed>>();
  readonly #freeInodes: number[] = [];
  #nextInode = 2;

  constructor(readonly nowMs: () => number = () => 0) {
    this.#directory('/');
  }

  /**
   * The disk as it is found after a power cut; on this one, whoever still has it, nothing works any more.
   * `chance` gives numbers from 0 to 1 and decides page by page and name by name what had reached the disk.
   */
  cutPower(chance: () => number): MemoryFiles {
    const after = new MemoryFiles(this.nowMs);
    this.#copyDirectories(after);
    for (const path of new Set([...this.#names.keys(), ...this.#syncedNames.keys()])) {
      if (this.#names.get(path)?.kind === 'directory') continue;
      const inode = chance() < 0.5 ? this.#names.get(path) : this.#syncedNames.get(path);
      if (inode !== undefined) after.put(path, remembered(inode, chance), inode.mode);
    }
    this.fault = (_, path) => systemError('EIO', path);
    return after;
  }

  /** Another disk with the same files, all of them synced. */
  copy(): MemoryFiles {
    const copy = new MemoryFiles(this.nowMs);
    this.#copyDirectories(copy);
    for (const [path, { kind, data, mode }] of this.#names) if (kind === 'file') copy.put(path, data, mode);
    return copy;
  }

  /** The paths of all files, in order. */
  get paths(): string[] {
    return [...this.#names].flatMap(([path, { kind }]) => (kind === 'file' ? path : [])).toSorted();
  }

  content(path: string): Buffer {
    return this.#find(path).data;
  }

  /* What programs do to files outside of any part that is tested: at once, and never failing by `fault`. */

  /** As if it had always been so: synced, by nobody. */
  put(path: string, content: Buffer | string, mode = 0o600): void {
    this.#directory(dirname(path));
    this.#drop(path);
    const inode = this.#make('file', path, mode);
    inode.data = Buffer.from(content);
    inode.synced = Buffer.from(content);
    this.#syncedNames.set(path, inode);
  }

  remove(path: string): void {
    this.#drop(path);
    this.#syncedNames.delete(path);
  }

  append(path: string, text: Buffer | string): void {
    const inode = this.#names.get(path) ?? this.#make('file', path, 0o600);
    this.#write(inode, Buffer.from(text), inode.data.length);
    this.#tell(path, 'change');
  }

  /** As a writer that has opened the file without O_APPEND: in front of `position` there may be a hole. */
  writeAt(path: string, text: Buffer | string, position: number): void {
    this.#write(this.#find(path), Buffer.from(text), position);
    this.#tell(path, 'change');
  }

  cut(path: string, length = 0): void {
    this.#resize(this.#find(path), length);
    this.#tell(path, 'change');
  }

  move(from: string, to: string): void {
    if (this.#names.get(from)?.kind === 'directory') this.#moveBelow(from, to);
    const inode = this.#take(from);
    this.#drop(to);
    this.#name(to, inode);
  }

  link(path: string, other: string): void {
    this.#name(other, this.#find(path));
  }

  symlink(target: string, path: string): void {
    this.#make('link', path, 0o777, target);
  }

  /** Of a link itself, as lchown does. */
  own(path: string, uid: number, mode?: number): void {
    const inode = this.#itself(path);
    inode.uid = uid;
    inode.mode = mode ?? inode.mode;
  }

  /** A FIFO, a socket or a device. */
  special(path: string): void {
    this.#make('other', path, 0o600);
  }

  /** With the directories above it. */
  makeDirectory(path: string): void {
    this.#directory(path);
  }

  /** As inotify on one directory. */
  readonly watch = (directory: string, changed: Changed) => {
    const watches = this.#watches.get(directory) ?? new Set();
    this.#watches.set(directory, watches.add(changed));
    return {
      ready: this.#names.has(this.#resolve(directory))
        ? Promise.resolve()
        : Promise.reject(systemError('ENOENT', directory)),
      close: async () => void watches.delete(changed),
    };
  };

  async open(path: string, how: 'read' | 'write' | 'create' | 'append'): Promise<OpenFile> {
    this.#step('open', path);
    const real = this.#resolve(path);
    const isThere = this.#names.has(real);
    if (how === 'create' && isThere) throw systemError('EEXIST', path);
    if (how === 'create' || (how === 'append' && !isThere)) {
      if (!this.#names.has(dirname(real))) throw systemError('ENOENT', path);
      this.#make('file', real, 0o600);
    }
    return this.#openFile(path, this.#find(path), how === 'append');
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step('rename', to);
    this.#find(from);
    this.move(this.#resolveParent(from), this.#resolveParent(to));
  }

  async unlink(path: string): Promise<void> {
    this.#step('unlink', path);
    const name = this.#resolveParent(path);
    if (!this.#names.has(name)) throw systemError('ENOENT', path);
    this.#drop(name);
  }

  async touch(path: string): Promise<void> {
    this.#step('touch', path);
    this.#find(path).mtimeMs = this.nowMs();
  }

  async readdir(path: string): Promise<string[]> {
    return (await this.list(path)).map(({ name }) => name);
  }

  async list(path: string): Promise<DirectoryEntry[]> {
    this.#step('list', path);
    const directory = this.#resolve(path);
    if (this.#find(path).kind !== 'directory') throw systemError('ENOTDIR', path);
    return [...this.#names].flatMap(([name, { kind }]) =>
      dirname(name) === directory && name !== directory ? { name: basename(name), kind } : [],
    );
  }

  async stat(path: string): Promise<FileStats> {
    this.#step('stat', path);
    return this.#find(path).stats;
  }

  async lstat(path: string): Promise<FileStats> {
    this.#step('stat', path);
    return this.#itself(path).stats;
  }

  async readlink(path: string): Promise<string> {
    const inode = this.#itself(path);
    if (inode.kind !== 'link') throw systemError('EINVAL', path);
    return inode.target;
  }

  async realpath(path: string): Promise<string> {
    this.#step('realpath', path);
    this.#find(path);
    return this.#resolve(path);
  }

  async mkdir(path: string): Promise<void> {
    this.#step('mkdir', path);
    this.#directory(path);
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

  #copyDirectories(to: MemoryFiles): void {
    for (const [path, { kind }] of this.#names) if (kind === 'directory') to.#directory(path);
  }

  #step(call: Call, path: string, bytes = 0): void {
    this.calls.push({ call, path, bytes });
    const error = this.fault(call, path);
    if (error !== undefined) throw error;
  }

  /** Without following a link that the last name may be. */
  #itself(path: string): Inode {
    const inode = this.#names.get(this.#resolveParent(path));
    if (inode === undefined) throw systemError('ENOENT', path);
    return inode;
  }

  #find(path: string): Inode {
    const inode = this.#names.get(this.#resolve(path));
    if (inode === undefined) throw systemError('ENOENT', path);
    return inode;
  }

  /** The path with all links followed, whether something is there or not. */
  #resolve(path: string, links = 0): string {
    if (links > MOST_LINKS) throw systemError('ELOOP', path);
    const real = this.#resolveParent(path, links);
    const inode = this.#names.get(real);
    return inode?.kind === 'link' ? this.#resolve(join('/', dirname(real), inode.target), links + 1) : real;
  }

  /** Links are followed, but for the last name. */
  #resolveParent(path: string, links = 0): string {
    const above = dirname(path);
    if (above === path) return path;
    const parent = this.#resolve(above, links);
    const kind = this.#names.get(parent)?.kind;
    if (kind === 'file' || kind === 'other') throw systemError('ENOTDIR', path);
    return join(parent, basename(path));
  }

  #directory(path: string): void {
    if (path !== '/') this.#directory(dirname(path));
    if (!this.#names.has(path)) this.#make('directory', path, 0o700);
  }

  #make(kind: Inode['kind'], path: string, mode: number, target = ''): Inode {
    const inode = new Inode(kind, this.#freeInodes.pop() ?? this.#nextInode++, mode, this.nowMs(), target);
    this.#name(path, inode);
    return inode;
  }

  #name(path: string, inode: Inode): void {
    this.#names.set(path, inode);
    inode.names++;
    inode.ctimeMs = this.nowMs();
    this.#tell(path, 'rename');
  }

  /** Removes a name and gives what it stood for. */
  #take(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw systemError('ENOENT', path);
    this.#names.delete(path);
    inode.names--;
    inode.ctimeMs = this.nowMs();
    this.#tell(path, 'rename');
    return inode;
  }

  #drop(path: string): void {
    if (this.#names.has(path)) this.#free(this.#take(path));
  }

  /** An inode number is used again once no name and no descriptor has it. */
  #free({ ino, names, open }: Inode): void {
    if (names === 0 && open === 0) this.#freeInodes.push(ino);
  }

  #moveBelow(from: string, to: string): void {
    for (const [path, inode] of [...this.#names]) {
      if (!path.startsWith(`${from}/`)) continue;
      this.#names.delete(path);
      this.#names.set(to + path.slice(from.length), inode);
    }
  }

  #tell(path: string, change: 'rename' | 'change'): void {
    const directory = this.#names.get(dirname(path));
    if (directory !== undefined && change === 'rename') {
      directory.mtimeMs = this.nowMs();
      directory.ctimeMs = this.nowMs();
    }
    for (const changed of this.#watches.get(dirname(path)) ?? []) changed(change, basename(path));
  }

  #write(inode: Inode, bytes: Buffer, position: number): void {
    const end = position + bytes.length;
    inode.grow(end);
    bytes.copy(inode.data, position);
    for (let page = Math.floor(position / PAGE_BYTES); page * PAGE_BYTES < end; page += 1) inode.dirty.add(page);
    inode.mtimeMs = this.nowMs();
    inode.ctimeMs = this.nowMs();
  }

  #resize(inode: Inode, length: number): void {
    inode.data = Buffer.concat([inode.data], length);
    inode.mtimeMs = this.nowMs();
    inode.ctimeMs = this.nowMs();
  }

  #openFile(path: string, inode: Inode, appends: boolean): OpenFile {
    inode.open++;
    let isOpen = true;
    const read = async (into: Buffer, position: number) => {
      this.#step('read', path, into.length);
      if (inode.kind === 'directory') throw systemError('EISDIR', path);
      return inode.data.copy(into, 0, position);
    };
    return {
      read,
      readOnce: read,
      write: async (buffers, position) => {
        const bytes = Buffer.concat(buffers);
        this.calls.push({ call: 'write', path, bytes: bytes.length });
        const error = this.fault('write', path);
        this.#write(
          inode,
          error === undefined ? bytes : bytes.subarray(0, bytes.length >>> 1),
          appends ? inode.data.length : position,
        );
        this.#tell(path, 'change');
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
        this.#resize(inode, length);
        this.#tell(path, 'change');
      },
      chmod: async (mode) => {
        inode.mode = mode;
      },
      stat: async () => inode.stats,
      path: () => undefined,
      close: async () => {
        if (!isOpen) return;
        isOpen = false;
        inode.open--;
        this.#free(inode);
      },
    };
  }
}

export function systemError(code: string, path = ''): Error {
  return Object.assign(new Error(`${code}: injected, ${path}`), { code });
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
