/**
 * A stretch of links to one collector after another's heels: the first is
 * given, each further one is opened before the one before it is closed, so
 * that sending never pauses and the new link is the old one's sign of life. It
 * ends when the agent stops, when an idle collector closes, or by a failure.
 */
import { AgentError } from '../lib/errors.js';
import { TURN_MS, type Turning } from '../lib/in-turns.js';
import type { Level } from '../link/acknowledge.js';
import type { Dialled, Dialler } from '../link/dial.js';
import { type Closing, Link } from '../link/link.js';
import { LinkError } from '../link/refusal.js';
import { Epoch, type EpochLimit, epochIsOver, epochRestMs, epochRoom } from './epoch.js';
import type { Mark, Outbox } from './outbox.js';
import { Preference } from './preference.js';
import { disproof, type Parting, type SettlementDependencies, settle } from './settlement.js';
import type { DeliveryTimes } from './times.js';

export interface SessionDependencies extends SettlementDependencies, Turning {
  readonly outbox: Outbox;
  readonly dialler: Pick<Dialler, 'dialWithin' | 'dialPreferred'>;
  /** How long the next epoch may be; `learning` while the collector's level is unknown. */
  readonly limit: (learning: boolean) => EpochLimit;
  readonly windowMs: number;
  readonly times: DeliveryTimes;
  readonly sent: (messages: number) => void;
  /** The cursor may pass entries without messages. */
  readonly moved: (mark: Mark) => Promise<void>;
  readonly linked: (dialled: Dialled) => void;
  /** The first link stands: see `outage` of the state. */
  readonly stands: () => void;
  readonly acknowledged: (epoch: Epoch, dialled: Dialled, level: Level) => Promise<void>;
}

export type SessionEnd =
  | { readonly how: 'stopped' }
  /** The collector closed a link on which nothing was outstanding. */
  | { readonly how: 'idle' }
  /** `epoch`: the first that is not acknowledged; empty or `undefined` when nothing was outstanding. */
  | { readonly how: 'failed'; readonly error: LinkError; readonly epoch: Epoch | undefined }
  /** The disk does not give the journal back just now. */
  | { readonly how: 'unreadable'; readonly error: AgentError };

const NEVER = new AbortController().signal;

export class Session {
  readonly #open = new Set<Link>();
  readonly #preference: Preference;
  readonly #first: Link;
  readonly #linkedAtMs: number;
  #present: Dialled;
  #epoch: Epoch | undefined;
  #settled: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown; readonly epoch: Epoch } | undefined;
  #wake: () => void = () => undefined;
  #afterFailure = false;

  constructor(
    first: Dialled,
    private readonly dependencies: SessionDependencies,
  ) {
    this.#first = first.link;
    this.#present = first;
    this.#linkedAtMs = dependencies.clock.monotonicMs();
    this.#preference = new Preference(dependencies);
  }

  /**
   * `stop` ends it after the epoch in hand; `kill` takes the links away at once. After a failure nothing is sent
   * before the link has lived for a moment: a collector that refuses us after the handshake does so meanwhile.
   */
  async run(stop: AbortSignal, kill: AbortSignal, afterFailure = false): Promise<SessionEnd> {
    const wake = () => this.#wake();
    const cut = () => this.#destroyAll();
    stop.addEventListener('abort', wake);
    kill.addEventListener('abort', cut);
    try {
      this.#adopt(this.#present);
      this.#afterFailure = afterFailure;
      if (afterFailure) await this.#pause(this.dependencies.times.quietMs, false);
      if (this.#present.link.alive) this.dependencies.stands();
      return await this.#epochs(stop);
    } catch (error) {
      // Whether the epoch before is acknowledged is known before anybody starts again behind what has been.
      await this.#settled;
      if (error instanceof LinkError) return { how: 'failed', error, epoch: this.#failure?.epoch ?? this.#epoch };
      if (error instanceof AgentError) return { how: 'unreadable', error };
      throw error;
    } finally {
      stop.removeEventListener('abort', wake);
      kill.removeEventListener('abort', cut);
      this.#preference.close();
      this.#destroyAll();
    }
  }

  async #epochs(stop: AbortSignal): Promise<SessionEnd> {
    for (;;) {
      // The agent's last words may come while an epoch is being ended: one more then takes them along.
      const last = stop.aborted;
      const epoch = await this.#fill(stop);
      await this.#settlement();
      if (epoch.isEmpty) return stop.aborted ? this.#leave() : this.#closedIdle();
      await this.#turn(epoch);
      if (last && !epoch.endsInsideEntry) {
        await this.#settlement();
        return this.#leave();
      }
      await this.#preferBetter();
    }
  }

  /** Sends until the epoch is over; an empty epoch comes back when the link ended idle or the agent stops. */
  async #fill(stop: AbortSignal): Promise<Epoch> {
    const { outbox, clock, limit, fixedLevel, memories, sent, moved, turned } = this.dependencies;
    const { link, target } = this.#present;
    const bounds = limit(fixedLevel === undefined && memories.of(target.host, target.port).level === undefined);
    const epoch = new Epoch(() => clock.monotonicMs());
    this.#epoch = epoch;
    if (bounds.alone) await this.#settlement();
    for (;;) {
      turned();
      this.#throwFailure();
      if (!link.alive) {
        if (epoch.isEmpty) return epoch;
        throw LinkError.ended(link.end, target);
      }
      // What is acknowledged of half an entry is forgotten in a restart: an agent that stops sends the other half, too.
      const finishing = stop.aborted && epoch.endsInsideEntry;
      if (!finishing && !epoch.isEmpty && epochIsOver(bounds, epoch.bytes, epoch.ageMs)) return epoch;
      const room = stop.aborted ? Number.POSITIVE_INFINITY : Math.max(1, epochRoom(bounds, epoch.bytes));
      const batch = await outbox.next(room);
      if (batch !== undefined && batch.count === 0 && epoch.isEmpty) {
        // Nothing to send, nothing to acknowledge: only a position has moved.
        await this.#settlement();
        await moved(batch.mark);
      } else if (batch !== undefined) {
        epoch.add(batch);
        sent(batch.count);
        if (batch.count > 0) await link.write(batch.frames);
      } else if (stop.aborted) {
        return epoch;
      } else {
        await this.#pause(epoch.isEmpty ? TURN_MS : epochRestMs(bounds, epoch.bytes, epoch.ageMs), true);
      }
    }
  }

  /** Until the time is up, the journal grows (`orMore`), or something ends. */
  async #pause(ms: number, orMore: boolean): Promise<void> {
    const { clock, outbox } = this.dependencies;
    const over = new AbortController();
    this.#wake = () => over.abort();
    if (!this.#present.link.alive || this.#failure !== undefined) return;
    const time = clock.sleep(Math.min(ms, TURN_MS), over.signal);
    await Promise.race(orMore ? [outbox.more(over.signal), time] : [time]);
    over.abort();
  }

  /** Ends the epoch: asks for the acknowledgement on the old link and goes on over the next. */
  async #turn(epoch: Epoch): Promise<void> {
    const { memories, windowMs, fixedLevel, times } = this.dependencies;
    const { link, target } = this.#present;
    const memory = memories.of(target.host, target.port);
    // It has taken a second link before: that it does not now is no reason to ask for less proof, unless it goes on so.
    const takesTwo = memory.level !== undefined && !this.#afterFailure;
    const early = memory.oneAtATime ? undefined : await this.#nextLink(takesTwo ? times.handshakeMs : times.nextLinkMs);
    if (takesTwo && early instanceof LinkError) throw early;
    const closing = link.close((fixedLevel ?? memory.level) === 'window' ? windowMs : undefined);
    const answer = await closing.answered;
    if (answer === 'broken' || answer === 'unasked') throw disproof(await closing.verdict, target);
    const closedFirst = !(early instanceof Link);
    const next = closedFirst ? await this.#nextAfter(closing) : early;
    if (next instanceof LinkError) throw next;
    this.#adopt({ link: next, target });
    const parting = { target, closing, next, closedFirst };
    this.#settled = this.#settle(epoch, { link, target }, parting).catch((error: unknown) => {
      this.#failure = { error, epoch };
      // Whoever waits for room on the next link must not wait for a collector that is gone.
      this.#destroyAll();
      this.#wake();
    });
  }

  /** For a collector that takes no second link: only once it has let go of the present one. */
  async #nextAfter(closing: Closing): Promise<Link | LinkError> {
    const { link, target } = this.#present;
    const ending = await closing.verdict;
    if (ending.proves === undefined) return disproof(ending, target);
    link.destroy();
    return this.#nextLink(this.dependencies.times.nextLinkAfterCloseMs);
  }

  async #settle(epoch: Epoch, before: Dialled, parting: Parting): Promise<void> {
    const level = await settle(parting, this.dependencies);
    before.link.destroy();
    this.#open.delete(before.link);
    this.#afterFailure = false;
    await this.dependencies.acknowledged(epoch, before, level);
  }

  /** The epoch before is acknowledged; throws what it failed by. */
  async #settlement(): Promise<void> {
    await this.#settled;
    this.#throwFailure();
  }

  async #nextLink(limitMs: number): Promise<Link | LinkError> {
    const link = await this.dependencies.dialler.dialWithin(this.#present.target, limitMs, NEVER);
    if (link instanceof Link) this.#open.add(link);
    return link;
  }

  /** A collector that closes a link as soon as it is made refuses us, and may say why. */
  #closedIdle(): SessionEnd {
    const { link, target } = this.#present;
    const { clock, times } = this.dependencies;
    if (link !== this.#first || clock.monotonicMs() - this.#linkedAtMs >= times.quietMs) return { how: 'idle' };
    const error = link.end?.error;
    throw error === undefined ? LinkError.refusedSilently(target, link.peer.protocol) : LinkError.from(error, target);
  }

  /** Between two epochs nothing is outstanding on the present link: the moment to go over to a better collector. */
  async #preferBetter(): Promise<void> {
    const better = this.#preference.take(this.#present);
    if (better === undefined) return;
    this.#open.add(better.link);
    await this.#settlement();
    this.#leave();
    this.#adopt(better);
  }

  #leave(): SessionEnd {
    this.#open.delete(this.#present.link);
    this.#present.link.leave();
    return { how: 'stopped' };
  }

  #adopt(dialled: Dialled): void {
    this.#present = dialled;
    this.#open.add(dialled.link);
    void dialled.link.ended.then(() => this.#wake());
    this.dependencies.linked(dialled);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #destroyAll(): void {
    for (const link of this.#open) link.destroy();
    this.#open.clear();
  }
}
