/**
 * Which files there are: those that the sources' patterns match, and the
 * rotated generations beside them or where `rotated` says. One look walks the
 * patterns over cached listings and takes a `stat` of each file; it decides
 * nothing.
 */
import { basename, dirname, join } from 'node:path';
import type { Files } from '../../lib/files.js';
import { Directories, type Listing } from './directory.js';
import { compileGlob, type Glob, type Place } from './glob.js';
import { liveNames } from './rotated-name.js';
import { type Overlap, takeView, type Unreachable, type View, type Way } from './snapshot.js';

/** A followed file whose rotated generations are wanted. */
export interface Live {
  readonly path: string;
  readonly source: string;
}

type FindFiles = Pick<Files, 'list' | 'stat' | 'realpath'>;

export interface DiscoverOptions {
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

// Half of what Linux gives a user at the least (8192): a wide tree must not leave other programs without watches.
const MAX_WITHOUT_FILE = 4096;

type FoundBy = 'matched' | 'beside' | 'rotated';

interface Round {
  readonly ways: Map<string, Way>;
  readonly overlaps: Overlap[];
  readonly unreachable: Map<string, Unreachable>;
  readonly directories: Map<string, string>;
  /** What is known of each directory that was looked at. */
  readonly looked: Map<string, Listing | 'absent' | 'unreadable'>;
}

export class Discovery {
  readonly #patterns: readonly Patterns[];
  readonly #directories: Directories;

  constructor(
    sources: readonly DiscoverOptions[],
    private readonly context: { readonly files: FindFiles; readonly nowMs: () => number },
  ) {
    this.#directories = new Directories(context.files);
    this.#patterns = sources.map(({ name, paths, exclude, rotated }) => ({
      name,
      paths: paths.flatMap(compileGlob),
      exclude: exclude.flatMap(compileGlob),
      rotated: rotated.flatMap(compileGlob),
    }));
  }

  async look(live: readonly Live[]): Promise<View> {
    this.#directories.newRound();
    const round: Round = {
      ways: new Map(),
      overlaps: [],
      unreachable: new Map(),
      directories: new Map(),
      looked: new Map(),
    };
    for (const patterns of this.#patterns) {
      for (const glob of patterns.paths) await this.#walk(glob, patterns, 'matched', round);
    }
    const found = [...round.ways.values()];
    const real = await this.#resolveLinks(found, round);
    await this.#besides([...live, ...found, ...real], round);
    for (const patterns of this.#patterns) {
      for (const glob of patterns.rotated) await this.#walk(glob, patterns, 'rotated', round);
    }
    const walked = {
      ...round,
      directories: worthWatching(round),
      ways: [...round.ways.values()],
      isAbsent: (path: string) => this.#isAbsent(path, round),
      isElsewhere: (path: string) => this.#patterns.some(({ rotated }) => rotated.some((glob) => glob.matches(path))),
      deviceAt: (path: string) => {
        const looked = round.looked.get(dirname(path));
        return typeof looked === 'object' ? looked.device : undefined;
      },
    };
    return takeView(walked, this.context.files);
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

  /** The source that a path belongs to, or its log if it is a rotated part: the one `before`, if it is still there. */
  sourceOf(path: string, before: string): string | undefined {
    if (this.#patterns.some(({ name }) => name === before)) return before;
    const paths = [path, ...liveNames(basename(path)).map((name) => join(dirname(path), name))];
    const matched = (globs: readonly Glob[]) => globs.some((glob) => paths.some((each) => glob.matches(each)));
    return this.#patterns.find((each) => matched(each.paths) && !matched(each.exclude))?.name;
  }

  async #walk(glob: Glob, patterns: Patterns, by: FoundBy, round: Round): Promise<void> {
    const met = new Set<string>();
    const visit = async (directory: string, place: Place): Promise<void> => {
      const only = glob.onlyName(place);
      if (only !== undefined) {
        const path = join(directory, only);
        const next = glob.step(place, only);
        if (glob.accepts(next)) {
          await this.#look(directory, patterns.name, round);
          if (!this.#isAbsent(path, round)) this.#add(path, patterns, by, round);
        }
        if (glob.goesOn(next)) {
          await visit(path, next);
          if (round.looked.get(path) === 'absent') await this.#look(directory, patterns.name, round);
        }
        return;
      }
      const listing = await this.#look(directory, patterns.name, round);
      // A link to a directory further up, or a second way to one: once is enough, and ends.
      const meeting = `${listing?.key} ${place.join()}`;
      if (listing === undefined || met.has(meeting)) return;
      met.add(meeting);
      const below: [string, Place][] = [];
      for (const [name, kind] of listing.kinds) {
        const next = kind === 'other' ? [] : glob.step(place, name);
        if (next.length === 0) continue;
        const path = join(directory, name);
        if (kind !== 'directory' && glob.accepts(next)) this.#add(path, patterns, by, round);
        if (kind !== 'file' && glob.goesOn(next)) {
          if (kind === 'directory') below.unshift([path, next]);
          else if (await this.#leadsToDirectory(path)) below.push([path, next]);
        }
      }
      for (const [path, next] of below) await visit(path, next);
    };
    await visit('/', glob.start());
  }

  async #look(directory: string, source: string, round: Round): Promise<Listing | undefined> {
    const look = await this.#directories.look(directory, this.context.nowMs());
    switch (look.state) {
      case 'listed':
        round.directories.set(directory, look.listing.key);
        round.looked.set(directory, look.listing);
        return look.listing;
      case 'absent':
        round.looked.set(directory, 'absent');
        return undefined;
      case 'unreadable':
        round.looked.set(directory, 'unreadable');
        round.unreachable.set(directory, { code: look.code, source });
        return undefined;
      default:
        return look satisfies never;
    }
  }

  /** Several sources matching one path: the first wins. */
  #add(path: string, { name, exclude }: Patterns, by: FoundBy, round: Round): void {
    if (exclude.some((glob) => glob.matches(path))) return;
    const known = round.ways.get(path);
    const matched = by === 'matched';
    if (matched && known?.matched && known.source !== name)
      round.overlaps.push({ path, source: known.source, other: name });
    if (known?.matched) return;
    round.ways.set(path, { path, source: name, matched, ...(by === 'rotated' ? { anyName: true } : {}) });
  }

  /** A link's generations lie beside what it leads to. */
  async #resolveLinks(ways: readonly Way[], round: Round): Promise<Live[]> {
    const targets: Live[] = [];
    for (const way of ways) {
      const listing = round.looked.get(dirname(way.path));
      const kind = typeof listing === 'object' ? listing.kinds.get(basename(way.path)) : 'link';
      if (kind !== 'link') continue;
      const real = await this.context.files.realpath(way.path).catch(() => way.path);
      if (real === way.path) continue;
      round.ways.set(way.path, { ...way, real });
      targets.push({ path: real, source: way.source });
    }
    return targets;
  }

  async #besides(live: readonly Live[], round: Round): Promise<void> {
    const wanted = new Map<string, Map<string, string>>();
    for (const { path, source } of live) {
      const names = wanted.get(dirname(path)) ?? new Map<string, string>();
      wanted.set(dirname(path), names);
      for (const name of liveNames(basename(path))) if (!names.has(name)) names.set(name, source);
    }
    for (const [directory, names] of wanted) {
      const listing = await this.#look(directory, names.values().next().value ?? '', round);
      for (const [name, kind] of listing?.kinds ?? []) {
        if (kind === 'directory' || kind === 'other' || round.ways.has(join(directory, name))) continue;
        const live = liveNames(name).find((one) => names.has(one));
        const source = live === undefined ? undefined : names.get(live);
        const patterns = this.#patterns.find((one) => one.name === source);
        if (patterns !== undefined) this.#add(join(directory, name), patterns, 'beside', round);
      }
    }
  }

  #leadsToDirectory(path: string): Promise<boolean> {
    return this.context.files.stat(path).then(
      ({ isDirectory }) => isDirectory,
      () => false,
    );
  }

  #isAbsent(path: string, round: Round): boolean {
    const looked = round.looked.get(dirname(path));
    if (looked === 'absent') return true;
    if (typeof looked !== 'object') return false;
    const kind = looked.kinds.get(basename(path));
    return kind === undefined || kind === 'other' || kind === 'directory';
  }
}

function worthWatching({ directories, ways }: Round): ReadonlyMap<string, string> {
  const holding = new Set([...ways.keys()].map((path) => dirname(path)));
  const all = [...directories];
  const others = all.filter(([directory]) => !holding.has(directory));
  return new Map([...all.filter(([directory]) => holding.has(directory)), ...others.slice(0, MAX_WITHOUT_FILE)]);
}
