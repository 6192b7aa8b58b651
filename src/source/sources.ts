/**
 * The sources: everything that is followed, as one stream of chunks to be
 * pulled. Two activities share the tails, taking turns: looking (what files are
 * there, where does each tail stand) goes on always; reading happens only when
 * someone asks for a chunk, so that a full journal stops it.
 */
import { reasonOf } from '../lib/errors.js';
import { Signal } from '../lib/signal.js';
import type { Chunk } from '../model/line.js';
import type { Position, TailId } from '../model/position.js';
import { Finder } from './find/finder.js';
import { guarded, RefusedNames } from './find/follow-policy.js';
import { isCompressed } from './find/rotated-name.js';
import type { Snapshot } from './find/snapshot.js';
import { FollowedLogs } from './match/followed-logs.js';
import { Matcher } from './match/matcher.js';
import { NewTails } from './match/new-tails.js';
import { knownTails } from './match/restored-tails.js';
import { FileInspector, maxOpenFiles, OpenFiles } from './read/open-files.js';
import { Reader } from './read/reader.js';
import { Tails } from './read/tail-registry.js';
import { closeOthers, type HeldFile, type SourceOptions, type SourcesDependencies, startsOf } from './types.js';
import { ScanSchedule } from './watch/scan-schedule.js';
import { inotifyWatcher } from './watch/watcher.js';

export type { HeldFile, Notice, SourceOptions, SourcesDependencies } from './types.js';

const POLL_MS = 5_000;
// A start is over after this long, though not every file has been looked into.
const FIRST_LOOK_MS = 300;
// So long the agent looks, before a stop, where a file is that has been moved; who waits for the stop does not wait longer.
const LAST_LOOK_MS = 500;

export class Sources {
  readonly #tails = new Tails();
  readonly #tailsLock = new Mutex();
  /** One look after another. */
  readonly #lookLock = new Mutex();
  readonly #stopping = new AbortController();
  /** No more looks but the last one. */
  readonly #ending = new AbortController();
  readonly #readable: Signal;
  readonly #refused: RefusedNames;
  readonly #openFiles: OpenFiles;
  readonly #inspector: FileInspector;
  readonly #matcher: Matcher;
  readonly #newTails: NewTails;
  readonly #finder: Finder;
  readonly #schedule: ScanSchedule;
  readonly #reader: Reader;
  #snapshot: Snapshot | undefined;
  /** Counts rewinds: what was read before one is not handed out after it. */
  #rewinds = 0;
  #lastLook: Promise<void> | undefined;
  #briefLook: Promise<void> | undefined;

  private constructor(
    readonly sources: readonly SourceOptions[],
    known: readonly Position[],
    readonly deps: SourcesDependencies & { readonly maxOpenFiles: number },
  ) {
    const { clock, report, notice, newTailId } = deps;
    const pollMs = deps.pollMs ?? POLL_MS;
    const tails = this.#tails;
    this.#readable = new Signal(clock);
    const { ownPaths, uid } = deps;
    this.#finder = new Finder(sources, { files: deps.files, nowMs: () => clock.nowMs(), ownPaths, uid });
    this.#refused = new RefusedNames(deps.problems);
    const files = guarded(deps.files, this.#finder.policy);
    this.#inspector = new FileInspector(files);
    this.#openFiles = new OpenFiles(deps.maxOpenFiles, files);
    const byName = new Map(sources.map((source) => [source.name, source]));
    const logs = new FollowedLogs({ sources: byName, tails, clock });
    this.#newTails = new NewTails({
      sources: byName,
      startedBefore: deps.startedBefore ?? new Set(known.map(({ source }) => source)),
      tails,
      logs,
      inspector: this.#inspector,
      clock,
      report,
      newTailId,
    });
    const openFiles = this.#openFiles;
    this.#matcher = new Matcher({
      tails,
      openFiles,
      newTails: this.#newTails,
      logs,
      inspector: this.#inspector,
      notice,
      clock,
      report,
      pollMs,
    });
    this.#reader = new Reader({
      tails,
      openFiles,
      matcher: this.#matcher,
      clock,
      report,
      stopping: this.#stopping.signal,
      lookSoon: () => this.#schedule.scanSoon(),
    });
    this.#schedule = new ScanSchedule({
      clock,
      problems: deps.problems,
      pollMs,
      tails,
      files: deps.files,
      watch: deps.watch ?? inotifyWatcher,
      finder: this.#finder,
      scan: (signal) => this.#lookAround(signal),
      isSettled: () => this.#matcher.isSettled,
      readable: () => this.#readable.notify(),
    });
  }

  /**
   * Finds the files of all known positions and of all patterns, then goes on looking until `close`.
   * Rejects with an AgentError when a pattern cannot be understood; the files in `held` are the caller's then, as before.
   */
  static async open(
    sources: readonly SourceOptions[],
    known: readonly Position[],
    deps: SourcesDependencies,
  ): Promise<Sources> {
    const opened = new Sources(sources, known, { maxOpenFiles: await maxOpenFiles(deps.files), ...deps });
    await opened.#start(known).catch(async (cause: unknown) => {
      await closeOthers(await opened.handOver(), deps.held ?? []);
      throw cause;
    });
    return opened;
  }

  /**
   * The next chunk; waits for one. `undefined` once the signal is aborted or the sources are closed.
   * One call at a time.
   */
  async read(signal: AbortSignal): Promise<Chunk | undefined> {
    while (!signal.aborted && !this.#stopping.signal.aborted) {
      const rewinds = this.#rewinds;
      const chunk = await this.#tailsLock.run(() => this.#reader.next(signal));
      if (chunk === undefined) await this.#readable.wait(signal, this.#reader.nextDueMs());
      else if (rewinds === this.#rewinds) return chunk;
    }
    return undefined;
  }

  /**
   * Once nobody calls `read` any more, and before `close`: the next chunk of files that only an open descriptor
   * keeps, which nobody could read later; `undefined` when there is no more, or no `room` for it.
   */
  async readDeleted(room: () => Promise<boolean>): Promise<Chunk | undefined> {
    await this.#lookLast();
    return this.#tailsLock.run(() => this.#reader.nextDeleted(room));
  }

  /** Nothing more of this tail is read for `ms`: it is not lost, only late. */
  hold(tailId: TailId, ms: number): void {
    const tail = this.#tails.byId(tailId);
    if (tail !== undefined) this.#reader.hold(tail, ms);
  }

  /** The journal stands at `positions`: every tail goes back to its own, or to where it was first seen. */
  rewind(positions: readonly Position[]): void {
    this.#rewinds++;
    // A read under way is let finish, and what it brings is thrown away.
    void this.#tailsLock.run(async () => {
      const nowMs = this.deps.clock.monotonicMs();
      const byId = new Map(positions.map((position) => [position.tailId, position]));
      this.#reader.forgetPartials();
      for (const tail of this.#tails.all) {
        this.#tails.rewind(tail, byId.get(tail.id), nowMs);
        byId.delete(tail.id);
      }
      this.#remember([...byId.values()], nowMs);
      this.#schedule.scanSoon();
      this.#readable.notify();
    });
  }

  /** Every followed file, and every file that matches and cannot be read. */
  files(): readonly FileState[] {
    return fileStates(this.#tails, this.#snapshot, this.#inspector.unreadable);
  }

  /** Ends looking and reading, and closes every file. A chunk handed out stays valid. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#schedule.close();
    // What is out of sight and unread may be in sight again, or a copy of it may be.
    if ([...this.#tails.all].some((tail) => this.#matcher.isLeftUnread(tail))) await this.#lookBriefly();
    const held = await this.handOver();
    for (const tail of this.#tails.all) this.#matcher.leave(tail);
    await closeOthers(held, []);
  }

  /** Ends like `close`, but for the open files: those are the caller's, to be given to the next Sources or closed. */
  async handOver(): Promise<readonly HeldFile[]> {
    this.#stopping.abort();
    this.#readable.notify();
    this.#ending.abort();
    await this.#schedule.close();
    await this.#lookLock.run(async () => undefined);
    return this.#tailsLock.run(async () => this.#openFiles.handOver());
  }

  async #start(known: readonly Position[]): Promise<void> {
    const { held = [], clock, report, stop } = this.deps;
    const ending = AbortSignal.any([this.#ending.signal, ...(stop === undefined ? [] : [stop])]);
    const look = await this.#find(ending, startsOf(known, held, this.#finder), held);
    let started = false;
    const first = this.#lookLock.run(async () => {
      if (look !== undefined) await this.#match(look, ending);
      // Of sources that are configured no more, or written over; not before, for the start may have failed.
      await closeOthers(held, [...this.#tails.all]);
    });
    if (look !== undefined) this.#schedule.start(look.snapshot);
    const failed = (error: unknown) => {
      if (!started) throw error;
      report.error('Looking for log files failed; retrying', { reason: reasonOf(error) });
      this.#schedule.scanSoon();
    };
    // Of ten thousand files the first can be read before the last has been looked into.
    const waited = new AbortController();
    await Promise.race([first.catch(failed), clock.sleep(FIRST_LOOK_MS, waited.signal)]);
    waited.abort();
    started = true;
  }

  /** Once, before a stop: finds which files have been deleted since they were last looked at, and could not be read later. */
  #lookLast(): Promise<void> {
    this.#lastLook ??= (async () => {
      this.#ending.abort();
      await this.#schedule.close();
      if (!(await this.#missDeleted())) await this.#lookBriefly();
    })();
    return this.#lastLook;
  }

  /**
   * Asks of each open file whether it still has a name. Answers whether that is all there is to know: a file that was
   * moved may lie where it would be found again, or out of sight, and only a full look can tell.
   */
  async #missDeleted(): Promise<boolean> {
    let isKnown = true;
    await this.#exclusively(async () => {
      for (const tail of this.#openFiles.tails) {
        const { place, path } = tail;
        if (place.name === 'lost') continue;
        const isDeleted = (await tail.content?.stat().catch(() => undefined))?.nlink === 0;
        if (place.name === 'unlinked') isKnown &&= isDeleted;
        else if (isDeleted) await this.#matcher.miss(tail, true);
        else isKnown &&= await this.#isAt(path, place.key);
      }
    });
    return isKnown;
  }

  async #isAt(path: string, key: string): Promise<boolean> {
    const stats = await this.deps.files.stat(path).catch(() => undefined);
    return stats !== undefined && key === `${stats.dev}:${stats.ino}`;
  }

  /** Once, before a stop: a full look, as far as it comes in a short time. Of the rest the next start finds out. */
  #lookBriefly(): Promise<void> {
    this.#briefLook ??= this.#lookLock.run(async () => {
      const enough = new AbortController();
      const over = new AbortController();
      const timeout = this.deps.clock.sleep(LAST_LOOK_MS, over.signal).then(() => enough.abort());
      const look = await this.#find(enough.signal);
      if (look !== undefined) await this.#match(look, enough.signal);
      over.abort();
      await timeout;
    });
    return this.#briefLook;
  }

  #remember(positions: readonly Position[], lostMs: number): void {
    for (const tail of knownTails(positions, this.sources, this.#snapshot, lostMs, () => this.#tails.nextAge())) {
      this.#tails.add(tail);
    }
  }

  /** One full look: what files there are, whose they are, which tails have none. `undefined`: the signal has cut it short. */
  #lookAround(signal: AbortSignal): Promise<Snapshot | undefined> {
    return this.#lookLock.run(async () => {
      const look = await this.#find(signal);
      if (look !== undefined) await this.#match(look, signal);
      return look?.snapshot;
    });
  }

  /** `undefined` when the signal has cut it short; `known` and `held` have their tails even so. */
  async #find(
    signal: AbortSignal,
    known: readonly Position[] = [],
    held: readonly HeldFile[] = [],
  ): Promise<Look | undefined> {
    const lookedMs = this.deps.clock.monotonicMs();
    const tails = [...this.#tails.all];
    const wanted = [
      ...known.map(({ path, source, identity }) => ({ path, source, key: keyOf(identity) })),
      ...tails.map(({ path, source, identity }) => ({ path, source, key: keyOf(identity) })),
      ...[...this.#tails.lineages].map(([path, [tail]]) => ({ path, source: tail?.source ?? '' })),
    ];
    const snapshot = await this.#finder.find(wanted, signal).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    if (snapshot !== undefined) {
      this.#refused.tell(snapshot.refused);
      for (const { path, source, other } of snapshot.overlaps) this.#newTails.warnOverlap(path, source, other);
    }
    await this.#exclusively(async () => {
      if (snapshot !== undefined) this.#snapshot = snapshot;
      this.#remember(known, lookedMs - 1);
      await this.#openFiles.takeUp(held, this.#tails, lookedMs);
    });
    return snapshot && { snapshot, lookedMs };
  }

  async #match({ snapshot, lookedMs }: Look, signal: AbortSignal): Promise<void> {
    const exclusively = (work: () => Promise<void>) => this.#exclusively(work);
    if (await this.#matcher.apply(snapshot, lookedMs, exclusively, signal)) this.#schedule.scanSoon();
    if (signal.aborted) return;
    await exclusively(async () => {
      await this.#matcher.tend(snapshot, lookedMs);
      this.#newTails.endLook();
      await this.#reader.holdUnread();
    });
  }

  /** Nobody reads while it is done; what it brings can be read at once. */
  async #exclusively(work: () => Promise<void>): Promise<void> {
    await this.#tailsLock.run(async () => {
      if (!this.#stopping.signal.aborted) await work();
    });
    this.#readable.notify();
  }
}

function keyOf({ device, inode }: Position['identity']): string {
  return `${device}:${inode}`;
}

/** What a look has found, and when it began (monotonic). */
interface Look {
  readonly snapshot: Snapshot;
  readonly lookedMs: number;
}

/** What `status` and `check` say of each file. */
export interface FileState {
  readonly path: string;
  readonly source: string;
  /** `undefined`: the file matches, but cannot be reached or opened, so that nobody knows what it is. */
  readonly tailId: TailId | undefined;
  /** Bytes on disk as last seen; of a compressed file, compressed. */
  readonly size: number | undefined;
  /** Bytes of text read. */
  readonly offset: number;
  /** Bytes of text known to be unread; `undefined` for a compressed file that is being read. */
  readonly lagBytes: number | undefined;
  /** The system's code when the file cannot be read now: EACCES, EMFILE … */
  readonly code: string | undefined;
  readonly open: boolean;
  /** Deleted or moved out of sight, and read on through its descriptor. */
  readonly unlinked: boolean;
  /** NUL bytes skipped as holes since the start. */
  readonly holeBytes: number;
}

function fileStates(
  tails: Tails,
  snapshot: Snapshot | undefined,
  unreadable: ReadonlyMap<string, string>,
): FileState[] {
  const states: FileState[] = [];
  for (const tail of tails.all) {
    if (tail.place.name === 'lost') continue;
    const { size } = tail.place;
    const compressed = isCompressed(tail.path);
    const lagBytes = compressed ? (tail.ready ? undefined : 0) : Math.max(0, size - tail.offset);
    states.push({
      path: tail.path,
      source: tail.source,
      tailId: tail.id,
      size,
      offset: tail.offset,
      lagBytes,
      code: tail.blocked,
      open: tail.content !== undefined,
      unlinked: tail.place.name === 'unlinked',
      holeBytes: tail.holeBytes,
    });
  }
  const unopened = [...unreadable].map(([path, code]) => {
    const source = snapshot?.at(path)?.names[0].source ?? '';
    return [path, { code, source }] as const;
  });
  for (const [path, { code, source }] of [...(snapshot?.unreachable ?? []), ...unopened]) {
    const nothing = {
      tailId: undefined,
      size: undefined,
      offset: 0,
      lagBytes: undefined,
      open: false,
      unlinked: false,
      holeBytes: 0,
    };
    states.push({ path, source, code, ...nothing });
  }
  return states;
}

/** One after another: reading and placing both change tails, and neither may see the other half done. */
class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
