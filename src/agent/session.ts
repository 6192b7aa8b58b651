/**
 * A stretch of links to one collector after another's heels: the first is
 * given, each further one is opened before the one before it is closed, so
 * that sending never pauses and the new link is the old one's sign of life. It
 * ends when the agent stops, when an idle collector closes, or by a failure.
 */
import type { Clock } from '../lib/clock.js';
import { AgentError } from '../lib/errors.js';
import type { Level } from '../link/acknowledge.js';
import type { Dialled, Dialler } from '../link/dial.js';
import { type EpochLimit, epochIsOver, epochRoom } from '../link/epoch.js';
import { learn } from '../link/level.js';
import type { Closing, Link } from '../link/link.js';
import { LinkError } from '../link/refusal.js';
import type { Report } from '../model/report.js';
import type { CollectorMemories } from './collector-memory.js';
import { Epoch } from './epoch.js';
import type { Mark, Outbox } from './outbox.js';

export interface SessionDependencies {
  readonly outbox: Outbox;
  readonly dialler: Dialler;
  readonly memories: CollectorMemories;
  readonly clock: Clock;
  readonly report: Report;
  /** How long the next epoch may be; `learning` while the collector's level is unknown. */
  readonly limit: (learning: boolean) => EpochLimit;
  /** `delivery.acknowledge`; `undefined`: learnt. */
  readonly fixedLevel: Level | undefined;
  readonly windowMs: number;
  readonly sent: (messages: number) => void;
  /** The cursor may pass entries without messages. */
  readonly moved: (mark: Mark) => Promise<void>;
  readonly linked: (dialled: Dialled) => void;
  readonly acknowledged: (epoch: Epoch, dialled: Dialled, level: Level) => Promise<void>;
}

export type SessionEnd =
  | { readonly how: 'stopped' }
  /** The collector closed a link on which nothing was outstanding. */
  | { readonly how: 'idle'; readonly livedMs: number }
  | { readonly how: 'failed'; readonly error: LinkError; readonly epoch: Epoch | undefined }
  /** The disk does not give the journal back just now. */
  | { readonly how: 'unreadable'; readonly error: AgentError };

const NEXT_LINK_MS = 2_000;
/** For a collector that serves one connection at a time: its sign of life after the close. */
const NEXT_LINK_AFTER_CLOSE_MS = 5_000;
/** A process that dies takes the next link along with the old one. */
const SIGN_OF_LIFE_MS = 200;
const PREFERRED_EVERY_MS = 60_000;

export class Session {
  readonly #open = new Set<Link>();
  #present: Dialled;
  #epoch: Epoch | undefined;
  #settled: Promise<void> = Promise.resolve();
  #failure: LinkError | undefined;
  #wake: () => void = () => undefined;
  #preferredAskedAtMs: number;

  constructor(
    first: Dialled,
    private readonly dependencies: SessionDependencies,
  ) {
    this.#present = first;
    this.#preferredAskedAtMs = dependencies.clock.monotonicMs();
  }

  /** `stop` ends it after the epoch in hand; `kill` takes the links away at once. */
  async run(stop: AbortSignal, kill: AbortSignal): Promise<SessionEnd> {
    const wake = () => this.#wake();
    const cut = () => this.#destroyAll();
    stop.addEventListener('abort', wake);
    kill.addEventListener('abort', cut);
    try {
      return await this.#epochs(stop);
    } catch (error) {
      if (error instanceof LinkError) return { how: 'failed', error, epoch: this.#epoch };
      if (error instanceof AgentError) return { how: 'unreadable', error };
      throw error;
    } finally {
      stop.removeEventListener('abort', wake);
      kill.removeEventListener('abort', cut);
      this.#destroyAll();
    }
  }

  async #epochs(stop: AbortSignal): Promise<SessionEnd> {
    const { clock } = this.dependencies;
    this.#adopt(this.#present);
    let linkedAtMs = clock.monotonicMs();
    for (;;) {
      const epoch = await this.#fill(stop);
      await this.#settled;
      this.#throwFailure();
      if (epoch.isEmpty) {
        if (stop.aborted) return { how: 'stopped' };
        return { how: 'idle', livedMs: clock.monotonicMs() - linkedAtMs };
      }
      await this.#turn(epoch);
      if (stop.aborted) {
        await this.#settled;
        this.#throwFailure();
        return { how: 'stopped' };
      }
      linkedAtMs = clock.monotonicMs();
      await this.#preferBetter(stop);
    }
  }

  /** Sends until the epoch is over; an empty epoch comes back when the link ended idle or the agent stops. */
  async #fill(stop: AbortSignal): Promise<Epoch> {
    const { outbox, clock, limit, memories, sent, moved } = this.dependencies;
    const { link, target } = this.#present;
    const bounds = limit(
      this.dependencies.fixedLevel === undefined && memories.of(target.host, target.port).level === undefined,
    );
    const epoch = new Epoch(() => clock.monotonicMs());
    this.#epoch = epoch;
    for (;;) {
      this.#throwFailure();
      if (!link.alive) {
        if (epoch.isEmpty && link.end?.error === undefined) return epoch;
        throw LinkError.ended(link.end, target);
      }
      if (!epoch.isEmpty && epochIsOver(bounds, epoch.bytes, epoch.ageMs)) return epoch;
      const batch = await outbox.next(Math.max(1, epochRoom(bounds, epoch.bytes)));
      if (batch !== undefined && batch.count === 0 && epoch.isEmpty) {
        // Nothing to send, nothing to acknowledge: only a position has moved.
        await this.#settled;
        this.#throwFailure();
        await moved(batch.mark);
      } else if (batch !== undefined) {
        epoch.add(batch);
        if (batch.count > 0) await link.write(batch.frames);
        sent(batch.count);
      } else if (stop.aborted) {
        return epoch;
      } else {
        await this.#pause(link, epoch.isEmpty ? undefined : bounds.intervalMs - epoch.ageMs);
      }
    }
  }

  /** Until the journal grows, the epoch's time is up, the link or the agent ends. */
  async #pause(link: Link, ms: number | undefined): Promise<void> {
    const { clock, outbox } = this.dependencies;
    const over = new AbortController();
    this.#wake = () => over.abort();
    if (!link.alive) return;
    const waits = [outbox.more(over.signal)];
    if (ms !== undefined) waits.push(clock.sleep(ms, over.signal));
    await Promise.race(waits);
    over.abort();
  }

  /** Ends the epoch: asks for the acknowledgement on the old link and goes on over the next. */
  async #turn(epoch: Epoch): Promise<void> {
    const { memories, windowMs } = this.dependencies;
    const { link, target } = this.#present;
    const memory = memories.of(target.host, target.port);
    const level = this.dependencies.fixedLevel ?? memory.level;
    let next = memory.oneAtATime ? undefined : await this.#nextLink(NEXT_LINK_MS);
    const closing = link.close(level === 'window' ? windowMs : undefined);
    await closing.answered;
    if (next === undefined) {
      await closing.verdict;
      link.destroy();
      next = await this.#nextLink(NEXT_LINK_AFTER_CLOSE_MS);
      if (next === undefined) throw LinkError.unacknowledged(target, 'it took no further connection after the close');
      if (!memory.oneAtATime) await memories.keep(target.host, target.port, { ...memory, oneAtATime: true });
    }
    const before = this.#present;
    this.#adopt({ link: next, target });
    this.#settled = this.#settle(epoch, before, closing, next).catch((error: LinkError) => {
      this.#failure = error;
      this.#epoch = epoch;
      this.#wake();
    });
  }

  async #settle(epoch: Epoch, { link, target }: Dialled, closing: Closing, next: Link): Promise<void> {
    const { clock, memories, report, fixedLevel } = this.dependencies;
    const [ending] = await Promise.all([closing.verdict, clock.sleep(SIGN_OF_LIFE_MS)]);
    link.destroy();
    this.#open.delete(link);
    if (!next.alive) throw LinkError.unacknowledged(target, 'the connection that followed did not last');

    const before = memories.of(target.host, target.port);
    const { acknowledged, memory } = learn(before, ending, fixedLevel);
    await memories.keep(target.host, target.port, memory);
    if (before.level !== undefined && memory.level !== before.level) {
      report.warning('The collector acknowledges in another way than before', {
        collector: `${target.host}:${target.port}`,
        before: before.level,
        now: memory.level,
      });
    }
    if (!acknowledged || ending.proves === undefined) {
      throw LinkError.unacknowledged(
        target,
        ending.doubt || `it proved only ${ending.proves}, ${before.level ?? 'more'} is needed`,
      );
    }
    await this.dependencies.acknowledged(epoch, { link, target }, ending.proves);
  }

  async #nextLink(limitMs: number): Promise<Link | undefined> {
    const { clock, dialler } = this.dependencies;
    const limit = new AbortController();
    const late = clock.sleep(limitMs, limit.signal).then(() => limit.abort());
    const link = await dialler.dialAgain(this.#present.target, limit.signal).catch(() => undefined);
    limit.abort();
    await late;
    if (link !== undefined) this.#open.add(link);
    return link;
  }

  /** Between two epochs nothing is outstanding on the present link: the moment to go back to a better collector. */
  async #preferBetter(stop: AbortSignal): Promise<void> {
    const { clock, dialler } = this.dependencies;
    if (clock.monotonicMs() - this.#preferredAskedAtMs < PREFERRED_EVERY_MS) return;
    this.#preferredAskedAtMs = clock.monotonicMs();
    const better = await dialler.dialPreferred(this.#present.target, stop);
    if (better === undefined) return;
    await this.#settled;
    this.#present.link.destroy();
    this.#open.delete(this.#present.link);
    this.#adopt(better);
  }

  #adopt(dialled: Dialled): void {
    this.#present = dialled;
    this.#open.add(dialled.link);
    void dialled.link.ended.then(() => this.#wake());
    this.dependencies.linked(dialled);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #destroyAll(): void {
    for (const link of this.#open) link.destroy();
    this.#open.clear();
  }
}
