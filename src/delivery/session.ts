/**
 * A series of back-to-back connections to one collector: each next one is opened
 * before the present one is closed, so that sending never pauses and the new link is
 * the old one's sign of life. It ends when the agent stops, when an idle collector
 * closes, or by a failure.
 *
 * The way of an acknowledgement (what it rests on: docs/design.md):
 *
 *  1. `#send` takes frames from the outbox and writes them to the present link until
 *     the epoch is over (epoch.ts says when).
 *  2. `#endEpoch` opens the next link; then Link.close sends close_notify on the
 *     present one. link/transport.ts tells their close_notify from a bare FIN.
 *     At the answer sending goes on over the next link, with step 1.
 *  3. Meanwhile the link looks into the kernel's table for a reset, and
 *     link/acknowledge.ts judges what this ending proves.
 *  4. `#settle` waits for the sign of life of the next link, and asks
 *     collector-memory.ts whether this proof is enough for this collector.
 *  5. `#acknowledge` writes the receipt and moves the journal's cursor.
 *
 * A collector that never answers is not waited for (decision 26): in step 2 sending
 * goes on at once, several epochs wait for the end of their window side by side, and
 * step 5 takes them in the order in which they were sent.
 *
 * Whatever goes wrong on this way ends the session: Forward rewinds the outbox to
 * what has been acknowledged, and begins another session.
 */
import type { Context } from '../lib/context.js';
import { AgentError } from '../lib/errors.js';
import { TURN_MS } from '../lib/in-turns.js';
import { Signal } from '../lib/signal.js';
import type { Level } from '../link/acknowledge.js';
import type { Dialled, Dialler } from '../link/dial.js';
import { type Closing, Link, type LinkEnd } from '../link/link.js';
import type { Target } from '../link/peer.js';
import { LinkError } from '../link/refusal.js';
import type { NewReceipt } from '../verify/receipt.js';
import type { CollectorMemories } from './collector-memory.js';
import { Epoch, type EpochSize, epochIsOver, epochRestMs, epochRoom } from './epoch.js';
import { Failback } from './failback.js';
import type { Mark, Outbox } from './outbox.js';
import type { DeliveryState } from './state.js';
import type { DeliveryTimes } from './times.js';

export interface SessionContext extends Pick<Context, 'clock' | 'report' | 'problems'> {
  readonly outbox: Outbox;
  readonly dialler: Pick<Dialler, 'dialWithin' | 'dialPreferred' | 'acknowledged'>;
  readonly memories: CollectorMemories;
  readonly receipts: { add(receipt: NewReceipt): Promise<void> };
  /** `delivery.acknowledge`; `undefined`: learnt. */
  readonly fixedLevel: Level | undefined;
  readonly windowMs: number;
  readonly times: DeliveryTimes;
  /** A turn of the loop begins, and what it does may take `withinMs`. */
  readonly turned: (withinMs?: number) => void;
}

export type SessionEnd =
  | { readonly how: 'stopped' }
  /** The collector closed a link on which nothing was outstanding. */
  | { readonly how: 'idle' }
  /** `epoch`: the first that is not acknowledged; empty or `undefined` when nothing was outstanding. */
  | { readonly how: 'failed'; readonly error: LinkError; readonly epoch: Epoch | undefined }
  /** The connection was cut when nothing had been sent for so long, which would be something new. */
  | { readonly how: 'cut'; readonly idleMs: number }
  /** The disk does not give the journal back just now. */
  | { readonly how: 'unreadable'; readonly error: AgentError };

/** Ends the session without being a failure. */
class IdleCut extends Error {
  constructor(readonly idleMs: number) {
    super('the connection was cut while nothing was sent');
  }
}

/** What comes after an epoch that was closed. */
interface Following {
  readonly closing: Closing;
  readonly next: Link;
  /** The collector takes no second link: `next` was opened after the close. */
  readonly closedFirst: boolean;
  /** Resolves when all epochs before are acknowledged, or one has failed. */
  readonly before: Promise<void>;
}

/** Each is a connection that the collector keeps; at a second an epoch this is more than the usual window. */
const MOST_WINDOWS = 64;
/** As many quiet epochs make `window` a collector's level: collector-memory.ts. */
const LEARNT_SIDE_BY_SIDE = 3;

export class Session {
  /** Epochs acknowledged. */
  acknowledged = 0;
  readonly #open = new Set<Link>();
  readonly #over = new AbortController();
  /** A link has ended, an epoch has failed, or the journal has grown: look again. */
  readonly #changed: Signal;
  readonly #failback: Failback;
  readonly #linkedAtMs: number;
  #present: Dialled;
  /** When something was last sent on it, or it was made. */
  #usedAtMs: number;
  #epoch: Epoch | undefined;
  /** Epochs that were closed and are neither acknowledged nor given up, oldest first. */
  readonly #unsettled: Epoch[] = [];
  /** Resolves when all of them are acknowledged, or one has failed. */
  #settled: Promise<void> = Promise.resolve();
  /** Its way of acknowledging is unknown, and the last close has stood unanswered for a while. */
  #unanswered = false;
  #failure: { readonly error: unknown; readonly epoch: Epoch } | undefined;
  /** Closed without an answer, before it was believed that there is none. */
  readonly #held: { readonly epoch: Epoch; readonly by: Dialled }[] = [];
  #afterFailure = false;
  #awaitsGrowth = false;

  constructor(
    private readonly first: Dialled,
    private readonly context: SessionContext,
    private readonly state: DeliveryState,
    private readonly size: Pick<EpochSize, 'limit' | 'acknowledged'>,
  ) {
    this.#present = first;
    this.#linkedAtMs = context.clock.monotonicMs();
    this.#usedAtMs = this.#linkedAtMs;
    this.#changed = new Signal(context.clock);
    this.#failback = new Failback(context, this.#over.signal);
  }

  /** The collector in use, or used last. */
  get target(): Target {
    return this.#present.target;
  }

  /**
   * `stop` ends it after the epoch in hand; `kill` takes the links away at once. After a failure nothing is sent
   * before the link has lived for a moment: a collector that refuses us after the handshake does so meanwhile.
   */
  async run(stop: AbortSignal, kill: AbortSignal, afterFailure = false): Promise<SessionEnd> {
    const cut = () => this.#destroyAll();
    kill.addEventListener('abort', cut);
    try {
      this.#adopt(this.first);
      this.#afterFailure = afterFailure;
      if (afterFailure) await this.#listen(this.context.times.quietMs, stop);
      if (this.first.link.alive) this.state.outage = undefined;
      return await this.#epochs(stop);
    } catch (error) {
      // Whether the epoch before is acknowledged is known before sending starts again behind what has been.
      await this.#settled;
      if (error instanceof IdleCut) return { how: 'cut', idleMs: error.idleMs };
      if (error instanceof LinkError) return { how: 'failed', error, epoch: this.#failure?.epoch ?? this.#epoch };
      if (error instanceof AgentError) return { how: 'unreadable', error };
      throw error;
    } finally {
      kill.removeEventListener('abort', cut);
      this.#over.abort();
      this.#failback.close();
      this.#destroyAll();
    }
  }

  async #epochs(stop: AbortSignal): Promise<SessionEnd> {
    for (;;) {
      // The agent's last messages may come while an epoch is being ended: one more epoch then takes them along.
      const last = stop.aborted;
      const epoch = await this.#send(stop);
      await this.#settlement(stop.aborted || epoch.isEmpty ? 0 : this.#mayWait);
      if (epoch.isEmpty) return stop.aborted ? this.#leave() : this.#closedIdle();
      await this.#endEpoch(epoch);
      if (last && !epoch.endsInsideEntry) {
        await this.#settlement();
        return this.#leave();
      }
      await this.#failBack();
    }
  }

  /** Sends until the epoch is over; an empty epoch comes back when the link ended idle or the agent stops. */
  async #send(stop: AbortSignal): Promise<Epoch> {
    const { outbox, clock, memories, turned } = this.context;
    const { state } = this;
    const { link, target } = this.#present;
    const limit = this.size.limit(this.#level === undefined, this.#silent);
    const epoch = new Epoch(() => clock.monotonicMs());
    this.#epoch = epoch;
    if (limit.alone) await this.#settlement();
    for (;;) {
      turned();
      this.#throwFailure();
      const idleMs = clock.monotonicMs() - this.#usedAtMs;
      if (!link.alive) {
        if (epoch.isEmpty) return epoch;
        if (this.#unsettled.length === 0 && isCut(link.end) && memories.isShortIdle(target, idleMs))
          throw new IdleCut(idleMs);
        throw LinkError.ended(link.end, target);
      }
      const idleRestMs = memories.idleLimitMs(target) - idleMs;
      if (idleRestMs <= 0 && !stop.aborted) {
        if (epoch.isEmpty) link.leave();
        return epoch;
      }
      // What is acknowledged of half an entry is forgotten in a restart: an agent that stops sends the other half, too.
      const finishing = stop.aborted && epoch.endsInsideEntry;
      if (!finishing && !epoch.isEmpty && epochIsOver(limit, epoch.bytes, epoch.ageMs)) return epoch;
      const room = stop.aborted ? Number.POSITIVE_INFINITY : Math.max(1, epochRoom(limit, epoch.bytes));
      // Nothing to send, nothing to acknowledge: only positions have moved. One write of the cursor does for many of them.
      let passing: Mark | undefined;
      let batch = await outbox.next(room);
      for (; batch?.count === 0 && epoch.isEmpty; batch = await outbox.next(room)) passing = batch.mark;
      if (passing !== undefined) {
        const passed = this.#pass(passing);
        if (!this.#silent) await passed;
      }
      if (batch !== undefined) {
        epoch.add(batch);
        state.sent += batch.count;
        state.repeated += batch.repeated;
        if (batch.count > 0) {
          await link.write(batch.frames);
          this.#usedAtMs = clock.monotonicMs();
        }
      } else if (stop.aborted) {
        return epoch;
      } else {
        const restMs = epoch.isEmpty ? TURN_MS : epochRestMs(limit, epoch.bytes, epoch.ageMs);
        await this.#awaitMore(Math.min(restMs, idleRestMs), stop);
      }
    }
  }

  /** Until the journal grows, something else changes, or the time is up. */
  async #awaitMore(ms: number, stop: AbortSignal): Promise<void> {
    if (!this.#awaitsGrowth) {
      this.#awaitsGrowth = true;
      void this.context.outbox.more(this.#over.signal).then(() => {
        this.#awaitsGrowth = false;
        this.#changed.notify();
      });
    }
    await this.#changed.wait(stop, Math.min(ms, TURN_MS));
  }

  /** Waits whether the link lives for so long. */
  async #listen(ms: number, stop: AbortSignal): Promise<void> {
    const { clock } = this.context;
    const endMs = clock.monotonicMs() + ms;
    for (let restMs = ms; restMs > 0 && this.first.link.alive && !stop.aborted; restMs = endMs - clock.monotonicMs()) {
      await this.#changed.wait(stop, restMs);
    }
  }

  /** Asks for the acknowledgement on the present link, and goes on over the next. */
  async #endEpoch(epoch: Epoch): Promise<void> {
    const { clock, memories, windowMs, times } = this.context;
    const ended = this.#present;
    const { link, target } = ended;
    const memory = memories.of(target.host, target.port);
    // It has taken a second link before: that it does not now is no reason to ask for less proof, unless it goes on so.
    const takesTwo = memory.level !== undefined && !this.#afterFailure;
    const early = memory.oneAtATime ? undefined : await this.#nextLink(takesTwo ? times.handshakeMs : times.nextLinkMs);
    if (takesTwo && early instanceof LinkError) throw early;
    const level = this.#level;
    const closedFirst = !(early instanceof Link);
    const closing = link.close(level === 'window' || (level === undefined && !closedFirst) ? windowMs : undefined);
    if (closedFirst || level !== 'window') {
      const patience = new AbortController();
      // A collector that is not known yet may be one that never answers.
      const late = closedFirst || level !== undefined ? [] : [clock.sleep(times.answerMs, patience.signal)];
      const answer = await Promise.race([closing.answered, ...late]);
      patience.abort();
      if (answer === 'broken' || answer === 'unasked') throw LinkError.disproved(await closing.verdict, target);
      this.#unanswered = answer === undefined;
    }
    const next = closedFirst ? await this.#nextAfter(closing) : early;
    this.#adopt({ link: next, target });
    this.#unsettled.push(epoch);
    const before = this.#settled;
    this.#settled = this.#settle(epoch, ended, { closing, next, closedFirst, before }).catch((error: unknown) => {
      this.#failure ??= { error, epoch: this.#unsettled[0] ?? epoch };
      // A write that waits for room on the next link must not wait for a collector that is gone.
      this.#destroyAll();
      this.#changed.notify();
    });
  }

  /** How the collector acknowledges; `undefined`: not learnt yet. */
  get #level(): Level | undefined {
    const { fixedLevel, memories } = this.context;
    const { host, port } = this.target;
    return fixedLevel ?? memories.of(host, port).level;
  }

  /** An epoch is not waited for before the next one is sent. */
  get #silent(): boolean {
    const level = this.#level;
    return level === 'window' || (level === undefined && this.#unanswered);
  }

  /** So many closed epochs may wait for the end of their window while another one is closed. */
  get #mayWait(): number {
    if (!this.#silent) return 0;
    return this.#level === undefined ? LEARNT_SIDE_BY_SIDE - 1 : MOST_WINDOWS - 1;
  }

  /** The journal stands at `mark` once all before it is acknowledged. */
  async #pass(mark: Mark): Promise<void> {
    const before = this.#settled;
    this.#settled = before.then(async () => {
      if (this.#failure === undefined) await this.context.outbox.acknowledge(mark, 0);
    });
    await this.#settled;
    this.#throwFailure();
  }

  /** For a collector that takes no second link: only once it has closed the present one. */
  async #nextAfter(closing: Closing): Promise<Link> {
    const { link, target } = this.#present;
    const ending = await closing.verdict;
    if (ending.proves === undefined) throw LinkError.disproved(ending, target);
    link.destroy();
    const next = await this.#nextLink(this.context.times.nextLinkAfterCloseMs);
    if (next instanceof LinkError) throw next;
    return next;
  }

  /** Was the epoch that went over `ended` read? Throws a LinkError when that is not proven. */
  async #settle(epoch: Epoch, ended: Dialled, { closing, next, closedFirst, before }: Following): Promise<void> {
    const { clock, memories, fixedLevel, times } = this.context;
    const { link, target } = ended;
    const [ending] = await Promise.all([closing.verdict, clock.sleep(times.signOfLifeMs)]);
    // The one that followed may itself be waiting for the end of its window, and the present one is the sign then.
    if (!(await next.isUp()) && !(await this.#isUpSince(next)))
      throw LinkError.unacknowledged(target, 'the connection that followed did not last');
    await before;
    if (this.#failure !== undefined) return;
    const followed = this.#unsettled.at(-1) !== epoch;
    const level = await memories.levelOf(ending, target, { fixedLevel, closedFirst, followed });
    link.destroy();
    this.#open.delete(link);
    if (level === undefined) this.#held.push({ epoch, by: ended });
    else await this.#acknowledgeAll(epoch, ended, level);
  }

  async #isUpSince(next: Link): Promise<boolean> {
    const { link } = this.#present;
    return this.#silent && link !== next && (await link.isUp());
  }

  /** This epoch, and those before it that ended in the same way when that was not yet believed. */
  async #acknowledgeAll(epoch: Epoch, by: Dialled, level: Level): Promise<void> {
    const { target } = by;
    if (this.#held.length > 0 && level !== 'window')
      throw LinkError.unacknowledged(target, 'it did not answer our close_notify, and answered a later one');
    for (const held of this.#held.splice(0)) await this.#acknowledge(held.epoch, held.by, level);
    await this.#acknowledge(epoch, by, level);
  }

  async #acknowledge(epoch: Epoch, by: Dialled, level: Level): Promise<void> {
    const { outbox, receipts, dialler, clock, report, problems } = this.context;
    const { state } = this;
    if (epoch.mark === undefined) return;
    // First of all: a kill between the two repeats messages that have a receipt, and leaves none that has no receipt.
    if (epoch.messages > 0) await receipts.add(epoch.receipt(by, level));
    const moved = outbox.acknowledge(epoch.mark, epoch.messages);
    this.#unsettled.splice(this.#unsettled.indexOf(epoch), 1);
    this.acknowledged += 1;
    this.#afterFailure = false;
    this.size.acknowledged();
    state.acknowledged += epoch.messages;
    state.epochs += 1;
    state.lastAcknowledgedAtMs = clock.nowMs();
    state.stuck = undefined;
    if (state.lastLevel !== level) {
      report.info('The collector acknowledges', { collector: `${by.target.host}:${by.target.port}`, level });
    }
    state.lastLevel = level;
    this.#changed.notify();
    problems.clear('forward');
    dialler.acknowledged(by.target);
    await moved;
  }

  /** At most so many closed epochs are still to be acknowledged; throws what one failed by. */
  async #settlement(most = 0): Promise<void> {
    if (most === 0) await this.#settled;
    while (this.#unsettled.length > most && this.#failure === undefined) {
      this.context.turned();
      await this.#changed.wait(this.#over.signal, TURN_MS);
    }
    this.#throwFailure();
  }

  async #nextLink(limitMs: number): Promise<Link | LinkError> {
    const link = await this.context.dialler.dialWithin(this.#present.target, limitMs, this.#over.signal);
    if (link instanceof Link) this.#open.add(link);
    return link;
  }

  /** A collector that closes a link as soon as it is made refuses us, and may say why. */
  #closedIdle(): SessionEnd {
    const { link, target } = this.#present;
    const { clock, times } = this.context;
    if (link.end?.how === 'ours') return { how: 'idle' };
    if (link !== this.first.link || clock.monotonicMs() - this.#linkedAtMs >= times.quietMs) return { how: 'idle' };
    const error = link.end?.error;
    throw error === undefined ? LinkError.refusedSilently(target, link.peer.protocol) : LinkError.from(error, target);
  }

  /** Between two epochs nothing is outstanding on the present link: the moment to change to a better collector. */
  async #failBack(): Promise<void> {
    const better = this.#failback.take(this.#present);
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
    const { state } = this;
    const { peer, ended } = dialled.link;
    this.#present = dialled;
    this.#usedAtMs = this.context.clock.monotonicMs();
    this.#open.add(dialled.link);
    void ended.then(() => this.#changed.notify());
    const before = state.lastPeer;
    state.lastPeer = peer;
    state.link = { name: 'connected', peer, sinceMs: this.context.clock.nowMs() };
    // Each epoch has its own connection; the log hears only of another collector.
    const { address, port, fingerprint } = peer;
    if (before?.address === address && before.port === port && before.fingerprint === fingerprint) return;
    this.context.report.info('Connected to the collector', {
      collector: `${peer.host}:${port}`,
      address,
      protocol: peer.protocol,
      cipher: peer.cipher,
      subject: peer.subject,
      issuer: peer.issuer,
      fingerprint,
    });
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #destroyAll(): void {
    for (const link of this.#open) link.destroy();
    this.#open.clear();
  }
}

/** Ended from outside while it stood: by the collector, or by what lies on the way to it. */
function isCut(end: LinkEnd | undefined): boolean {
  return end !== undefined && end.how !== 'ours' && end.how !== 'stalled';
}
