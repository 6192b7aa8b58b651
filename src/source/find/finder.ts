/**
 * Finds the files that the sources' patterns match, and the rotated files
 * beside them or where `rotated` says. One scan walks the patterns over cached
 * listings and asks for the state of each file; it decides nothing.
 */
import { basename, dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { systemCode } from '../../lib/errors.js';
import type { FileStats, Files } from '../../lib/files.js';
import { Directories, type Listing } from './directory.js';
import {
  type Followed,
  FollowPolicy,
  GONE,
  NotFollowed,
  type RefusedBecause,
  type RefusedName,
} from './follow-policy.js';
import { compileGlob, type Glob, type MatchState } from './glob.js';
import { liveNames } from './rotated-name.js';
import { type FoundName, type Overlap, type Snapshot, takeSnapshot, type Unreachable } from './snapshot.js';

/** A log whose rotated files are wanted. */
export interface FollowedPath {
  readonly path: string;
  readonly source: string;
  /** `device:inode` of a file that is followed already. */
  readonly key?: string;
}

export interface FinderContext {
  readonly files: Pick<Files, 'list' | 'stat' | 'lstat' | 'readlink' | 'realpath'>;
  readonly nowMs: () => number;
  /** The agent's own files and directories. Default: none. */
  readonly ownPaths?: readonly string[] | undefined;
  /** Default: the user of this process. */
  readonly uid?: number | undefined;
}

export interface FindOptions {
  readonly name: string;
  readonly paths: readonly string[];
  readonly exclude: readonly string[];
  readonly rotated: readonly string[];
}

interface Patterns {
  readonly name: string;
  readonly paths: readonly Glob[];
  readonly exclude: readonly Glob[];
  readonly rotated: readonly Glob[];
}

// So many names are looked at in one go; then a line, a stop and everybody else have their turn.
const NAMES_AT_ONCE = 1_000;
// Following more of them costs as much as a scan.
const MOST_LINKS_FOLLOWED = 100;
// Half of the least that Linux gives a user (8192): a wide tree must leave watches for other programs.
const MAX_WITHOUT_FILE = 4096;

type FoundBy = 'matched' | 'beside' | 'rotated';

interface Scan {
  readonly names: Map<string, FoundName>;
  readonly overlaps: Overlap[];
  readonly unreachable: Map<string, Unreachable>;
  readonly refused: Map<string, RefusedName>;
  readonly directories: Map<string, string>;
  /** What was found out of each directory. */
  readonly listed: Map<string, Listing | 'absent' | 'unreadable'>;
  /** The path of each directory without links. */
  readonly real: Map<string, string>;
  readonly signal: AbortSignal | undefined;
  /** How many names have been looked at. */
  namesSeen: number;
}

export class Finder {
  readonly #patterns: readonly Patterns[];
  readonly #directories: Directories;
  readonly policy: FollowPolicy;
  /** The links that the last scan has followed, and where they led. */
  #links: readonly (readonly [path: string, real: string])[] = [];

  constructor(
    sources: readonly FindOptions[],
    private readonly context: FinderContext,
  ) {
    const { files, ownPaths = [], uid = process.geteuid?.() ?? 0 } = context;
    this.policy = new FollowPolicy({ files, ownPaths, uid });
    this.#directories = new Directories(context.files);
    this.#patterns = sources.map(({ name, paths, exclude, rotated }) => ({
      name,
      paths: paths.flatMap(compileGlob),
      exclude: exclude.flatMap(compileGlob),
      rotated: rotated.flatMap(compileGlob),
    }));
  }

  /** Rejects with the signal's reason once that is aborted, at the next file or directory. */
  async find(followed: readonly FollowedPath[], signal?: AbortSignal): Promise<Snapshot> {
    const { policy } = this;
    const { files } = this.context;
    this.#directories.newScan();
    await policy.newScan();
    const scan: Scan = {
      names: new Map(),
      overlaps: [],
      unreachable: new Map(),
      refused: new Map(),
      directories: new Map(),
      listed: new Map(),
      real: new Map([['/', '/']]),
      signal,
      namesSeen: 0,
    };
    for (const patterns of this.#patterns) {
      for (const glob of patterns.paths) await this.#walk(glob, patterns, 'matched', scan);
    }
    const found = [...scan.names.values()];
    const real = await this.#followLinks(found, scan);
    await this.#addRotated([...followed, ...found, ...real], scan);
    for (const patterns of this.#patterns) {
      for (const glob of patterns.rotated) await this.#walk(glob, patterns, 'rotated', scan);
    }
    const followedLinks = new Set(found.map(({ path }) => path));
    await this.#followLinks(
      [...scan.names.values()].filter(({ path }) => !followedLinks.has(path)),
      scan,
    );
    const names = [...scan.names.values()];
    this.#links = linksIn(scan);
    policy.endScan(new Set(names.map(({ at }) => dirname(at))));
    const known = new Set(followed.map(({ key }) => key));
    const walked = {
      ...scan,
      directories: worthWatching(scan),
      names,
      refused: [...scan.refused.values()],
      refusal: (name: FoundName, stats: FileStats, namesSeen: number) =>
        this.#refusal(name, stats, namesSeen, known, scan),
      isAbsent: (path: string) => this.#isAbsent(path, scan),
      isElsewhere: (path: string) => this.#patterns.some(({ rotated }) => rotated.some((glob) => glob.matches(path))),
      deviceAt: (path: string) => {
        const listing = scan.listed.get(dirname(path));
        return typeof listing === 'object' ? listing.device : undefined;
      },
    };
    return takeSnapshot(walked, files, signal);
  }

  /**
   * Whether another scan may find other names than the last one: a directory has changed, or a link leads elsewhere.
   * What is written into files shows in neither.
   */
  async mayFindOthers(signal: AbortSignal): Promise<boolean> {
    if (this.#links.length > MOST_LINKS_FOLLOWED || !(await this.#directories.areAsListed(signal))) return true;
    for (const [path, real] of this.#links) {
      if ((await this.context.files.realpath(path).catch(() => undefined)) !== real) return true;
    }
    return false;
  }

  /** Whether a file at this path can matter; `live` are the paths of the followed logs. */
  concerns(path: string, live: { has(path: string): boolean }): boolean {
    const open = this.#patterns.filter(({ exclude }) => !exclude.some((glob) => glob.matches(path)));
    if (open.length === 0) return false;
    if (liveNames(basename(path)).some((name) => live.has(join(dirname(path), name)))) return true;
    return open.some(({ paths, rotated }) => [...paths, ...rotated].some((glob) => glob.matches(path)));
  }

  /** Whether files below this path can matter, if it is a directory. */
  leads(path: string): boolean {
    return this.#patterns.some(({ paths, rotated }) => [...paths, ...rotated].some((glob) => glob.leads(path)));
  }

  /** The source of a path, or of its log if it is a rotated file: the one `before`, if that is still configured. */
  sourceOf(path: string, before: string): string | undefined {
    if (this.#patterns.some(({ name }) => name === before)) return before;
    const paths = [path, ...liveNames(basename(path)).map((name) => join(dirname(path), name))];
    const matched = (globs: readonly Glob[]) => globs.some((glob) => paths.some((each) => glob.matches(each)));
    return this.#patterns.find((each) => matched(each.paths) && !matched(each.exclude))?.name;
  }

  async #walk(glob: Glob, patterns: Patterns, by: FoundBy, scan: Scan): Promise<void> {
    const met = new Set<string>();
    const visit = async (directory: string, state: MatchState): Promise<void> => {
      const only = glob.onlyName(state);
      if (only !== undefined) {
        const path = join(directory, only);
        const next = glob.step(state, only);
        if (glob.accepts(next)) {
          await this.#list(directory, patterns.name, scan);
          if (!this.#isAbsent(path, scan)) this.#add(path, patterns, by, scan);
        }
        if (glob.goesOn(next)) {
          await visit(path, next);
          if (scan.listed.get(path) === 'absent') await this.#list(directory, patterns.name, scan);
        }
        return;
      }
      const listing = await this.#list(directory, patterns.name, scan);
      // By a link to a directory further up the walk would not end: each is walked once.
      const meeting = `${listing?.key} ${state.join()}`;
      if (listing === undefined || met.has(meeting)) return;
      met.add(meeting);
      const below: [string, MatchState][] = [];
      for (const [name, kind] of listing.kinds) {
        if (isManyth(scan)) await othersTurn(scan);
        const next = kind === 'other' ? [] : glob.step(state, name);
        if (next.length === 0) continue;
        const path = join(directory, name);
        if (kind !== 'directory' && glob.accepts(next)) this.#add(path, patterns, by, scan);
        if (kind !== 'file' && glob.goesOn(next)) {
          if (kind === 'directory') {
            scan.real.set(path, join(scan.real.get(directory) ?? directory, name));
            below.unshift([path, next]);
          } else if (await this.#leadsToDirectory(path, patterns.name, scan)) below.push([path, next]);
        }
      }
      for (const [path, next] of below) await visit(path, next);
    };
    await visit('/', glob.start());
  }

  async #list(directory: string, source: string, scan: Scan): Promise<Listing | undefined> {
    scan.signal?.throwIfAborted();
    const real = await this.#realOf(directory, source, scan);
    if (real === undefined) {
      scan.listed.set(directory, 'absent');
      return undefined;
    }
    const result = await this.#directories.list(real, this.context.nowMs());
    switch (result.state) {
      case 'listed': {
        const because = this.policy.refusal({ real, stats: result.listing.stats });
        if (because !== undefined) {
          scan.refused.set(directory, { path: directory, source, because });
          scan.listed.set(directory, 'absent');
          return undefined;
        }
        scan.directories.set(directory, result.listing.key);
        scan.listed.set(directory, result.listing);
        return result.listing;
      }
      case 'absent':
        scan.listed.set(directory, 'absent');
        return undefined;
      case 'unreadable':
        scan.listed.set(directory, 'unreadable');
        scan.unreachable.set(directory, { code: result.code, source });
        return undefined;
      default:
        return result satisfies never;
    }
  }

  /** Several sources matching one path: the first wins. */
  #add(path: string, { name, exclude }: Patterns, by: FoundBy, scan: Scan): void {
    if (exclude.some((glob) => glob.matches(path))) return;
    const known = scan.names.get(path);
    const matched = by === 'matched';
    if (matched && known?.matched && known.source !== name)
      scan.overlaps.push({ path, source: known.source, other: name });
    if (known?.matched) return;
    const at = join(scan.real.get(dirname(path)) ?? dirname(path), basename(path));
    scan.names.set(path, { path, at, source: name, matched, ...(by === 'rotated' ? { anyName: true } : {}) });
  }

  /** Of those that are links, where they lead, unless that is refused. The rotated files of a link lie beside what it leads to. */
  async #followLinks(names: readonly FoundName[], scan: Scan): Promise<FollowedPath[]> {
    const targets: FollowedPath[] = [];
    for (const name of names) {
      if (isManyth(scan)) await othersTurn(scan);
      const listing = scan.listed.get(dirname(name.path));
      const kind = typeof listing === 'object' ? listing.kinds.get(basename(name.path)) : 'link';
      if (kind !== 'link') continue;
      const found = await this.#follow(name.path, name.at, name.source, scan);
      if (found === 'refused') scan.names.delete(name.path);
      else if (typeof found === 'object') {
        if (found.real === name.at) continue;
        const isLog = name.matched && !name.anyName;
        scan.names.set(name.path, { ...name, at: found.real, ...(isLog && { real: found.real }) });
        if (isLog) targets.push({ path: found.real, source: name.source });
      } else if (!GONE.has(found)) {
        scan.names.delete(name.path);
        scan.unreachable.set(name.path, { code: found, source: name.source });
      }
    }
    return targets;
  }

  /** What a name leads to; the system's code, when nothing can be found out. */
  async #follow(path: string, at: string, source: string, scan: Scan): Promise<Followed | 'refused' | string> {
    try {
      const isNamed = this.#globsOf(source).some((glob) => glob.names(path));
      return await this.policy.follow(at, isNamed ? undefined : await this.#treesOf(source, scan));
    } catch (error) {
      if (!(error instanceof NotFollowed)) return systemCode(error);
      scan.refused.set(path, { path, source, because: error.because });
      return 'refused';
    }
  }

  /** The path without links; `undefined`: a link on the way is refused. */
  async #realOf(directory: string, source: string, scan: Scan): Promise<string | undefined> {
    const known = scan.real.get(directory);
    if (known !== undefined || scan.refused.has(directory)) return known;
    const above = await this.#realOf(dirname(directory), source, scan);
    if (above === undefined) return undefined;
    const at = join(above, basename(directory));
    const found = await this.#follow(directory, at, source, scan);
    if (found === 'refused') return undefined;
    // What cannot be asked cannot be listed either, and that says why.
    const real = typeof found === 'string' ? at : found.real;
    scan.real.set(directory, real);
    return real;
  }

  /** Below which links of this source must stay: the directories that its patterns begin with. */
  async #treesOf(source: string, scan: Scan): Promise<string[]> {
    const roots = new Set(this.#globsOf(source).map(({ root }) => root));
    const real = await Promise.all([...roots].map((root) => this.#realOf(root, source, scan)));
    return real.flatMap((root) => root ?? []);
  }

  #globsOf(source: string): readonly Glob[] {
    const patterns = this.#patterns.find(({ name }) => name === source);
    return patterns === undefined ? [] : [...patterns.paths, ...patterns.rotated];
  }

  /** Why a file is not followed, whatever its name. */
  async #refusal(
    name: FoundName,
    stats: FileStats,
    namesSeen: number,
    known: ReadonlySet<string | undefined>,
    scan: Scan,
  ): Promise<RefusedBecause | undefined> {
    const { policy } = this;
    const because = policy.refusal({ real: name.at, stats });
    if (because !== undefined || stats.nlink === 1) return because;
    if (await policy.isLinkToOwn(stats)) return 'own-file';
    const directory = scan.listed.get(dirname(name.path));
    if (typeof directory !== 'object' || known.has(`${stats.dev}:${stats.ino}`)) return undefined;
    return policy.isForeignLink(stats, namesSeen, directory.stats) ? 'hard-link' : undefined;
  }

  /** Of logs, the rotated files beside them. */
  async #addRotated(logs: readonly FollowedPath[], scan: Scan): Promise<void> {
    const wanted = new Map<string, Map<string, string>>();
    for (const { path, source } of logs) {
      const names = wanted.get(dirname(path)) ?? new Map<string, string>();
      wanted.set(dirname(path), names);
      for (const name of liveNames(basename(path))) if (!names.has(name)) names.set(name, source);
    }
    for (const [directory, names] of wanted) {
      const listing = await this.#list(directory, names.values().next().value ?? '', scan);
      for (const [name, kind] of listing?.kinds ?? []) {
        if (isManyth(scan)) await othersTurn(scan);
        if (kind === 'directory' || kind === 'other' || scan.names.has(join(directory, name))) continue;
        const live = liveNames(name).find((one) => names.has(one));
        const source = live === undefined ? undefined : names.get(live);
        const patterns = this.#patterns.find((one) => one.name === source);
        if (patterns !== undefined) this.#add(join(directory, name), patterns, 'beside', scan);
      }
    }
  }

  async #leadsToDirectory(path: string, source: string, scan: Scan): Promise<boolean> {
    const real = await this.#realOf(path, source, scan);
    if (real === undefined) return false;
    return this.context.files.lstat(real).then(
      ({ isDirectory }) => isDirectory,
      () => false,
    );
  }

  #isAbsent(path: string, scan: Scan): boolean {
    const listing = scan.listed.get(dirname(path));
    if (listing === 'absent') return true;
    if (typeof listing !== 'object') return false;
    const kind = listing.kinds.get(basename(path));
    return kind === undefined || kind === 'other' || kind === 'directory';
  }
}

/** Directories that are reached by a link, and names that are links themselves. */
function linksIn({ real, names }: Scan): [path: string, real: string][] {
  const directories = [...real].filter(([path, to]) => path !== to);
  const files = [...names.values()].filter(
    ({ path, at }) => at !== path && at !== join(real.get(dirname(path)) ?? dirname(path), basename(path)),
  );
  return [...directories, ...files.map(({ path, at }): [string, string] => [path, at])];
}

function isManyth(scan: Scan): boolean {
  return ++scan.namesSeen % NAMES_AT_ONCE === 0;
}

async function othersTurn({ signal }: Scan): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}

function worthWatching({ directories, names }: Scan): ReadonlyMap<string, string> {
  const holding = new Set([...names.keys()].map((path) => dirname(path)));
  const all = [...directories];
  const others = all.filter(([directory]) => !holding.has(directory));
  return new Map([...all.filter(([directory]) => holding.has(directory)), ...others.slice(0, MAX_WITHOUT_FILE)]);
}
