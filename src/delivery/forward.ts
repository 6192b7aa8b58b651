/**
 * The second loop: from the journal to the collector, until stopped. It connects,
 * lets a session send and have its epochs acknowledged (session.ts has the way of an
 * acknowledgement), and after a failure waits and starts again at what has been
 * acknowledged.
 */
import { backoffMs } from '../lib/backoff.js';
import type { Context } from '../lib/context.js';
import { inTurns, sleepInTurns } from '../lib/in-turns.js';
import { DialFailed, type Dialled, type Dialler } from '../link/dial.js';
import type { Target } from '../link/peer.js';
import type { LinkError } from '../link/refusal.js';
import { type Epoch, type EpochOptions, EpochSize } from './epoch.js';
import { Session, type SessionContext, type SessionEnd } from './session.js';
import { type DeliveryState, newDeliveryState } from './state.js';
import { RESOLVER_MS } from './times.js';

export interface ForwardContext extends SessionContext, Pick<Context, 'random'> {
  readonly dialler: Pick<Dialler, 'dial' | 'dialWithin' | 'dialPreferred' | 'acknowledged' | 'unacknowledged'>;
  readonly epoch: EpochOptions;
  /** The journal held entries at the start: an agent before this one may have sent them. */
  readonly backlog: boolean;
  /** One side has refused the other's certificate; called as often as it is logged. */
  readonly refused: (error: LinkError) => void;
}

/** After so many links that one message has ended in a row, that message is named. */
const STUCK_AFTER = 5;

export class Forward {
  readonly state: DeliveryState = newDeliveryState();
  readonly #size: EpochSize;
  /** Failed attempts to connect or to have something acknowledged, in a row. */
  #attempt = 0;
  /** Links in a row that ended with one and the same message outstanding. */
  #stuckCount = 0;
  #cut: { readonly target: Target; readonly idleMs: number } | undefined;
  /** The session before has had nothing acknowledged. */
  #afterFailure = false;

  constructor(private readonly context: ForwardContext) {
    this.#size = new EpochSize(context.epoch, context.backlog);
  }

  /** `stop` ends it after the epoch in hand, `kill` at once. */
  async run(stop: AbortSignal, kill: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const dialled = await this.#dial(stop);
      if (dialled === undefined) continue;
      this.#learnIdle();
      const session = new Session(dialled, this.context, this.state, this.#size);
      const end = await session.run(stop, kill, this.#afterFailure);
      this.#afterFailure = session.acknowledged === 0;
      if (session.acknowledged > 0) {
        this.#attempt = 0;
        this.#stuckCount = 0;
      }
      await this.#after(end, session.target, stop);
    }
    this.state.link = { name: 'stopped' };
    await this.context.outbox.close();
  }

  async #after(end: SessionEnd, target: Target, stop: AbortSignal): Promise<void> {
    const { outbox, problems } = this.context;
    switch (end.how) {
      case 'stopped':
        return;
      case 'idle':
        this.state.link = { name: 'idle' };
        this.#afterFailure = false;
        return inTurns((over) => outbox.more(over), this.context, stop);
      case 'cut':
        outbox.rewind();
        this.#cut = { target, idleMs: end.idleMs };
        return;
      case 'failed':
        return this.#failed(end.error, end.epoch, target, stop);
      case 'unreadable':
        outbox.rewind();
        problems.raise({
          key: 'forward journal',
          level: 'error',
          message: 'The journal cannot be read',
          facts: { reason: end.error.message },
          remedy: end.error.hint,
          over: 'The journal can be read again',
        });
        return this.#wait(stop, end.error.message);
      default:
        end satisfies never;
    }
  }

  /** A connection was cut, and the collector accepts another at once: so it was cut for being idle. */
  #learnIdle(): void {
    const cut = this.#cut;
    this.#cut = undefined;
    if (cut === undefined) return;
    const { target, idleMs } = cut;
    const { memories, report } = this.context;
    memories.learnIdle(target, idleMs);
    report.notice('A connection was cut while nothing was sent; from now on epochs end before that', {
      collector: `${target.host}:${target.port}`,
      afterSeconds: Math.round(idleMs / 100) / 10,
      remedy:
        'nothing is lost; raise the idle time-out of the balancer or firewall on the way, or lower delivery.epochInterval',
    });
  }

  async #dial(stop: AbortSignal): Promise<Dialled | undefined> {
    const { dialler, turned, clock } = this.context;
    this.state.outage ??= { sinceMs: clock.nowMs(), failure: undefined };
    this.state.link = { name: 'connecting', attempt: this.#attempt };
    turned(RESOLVER_MS);
    try {
      return await dialler.dial(stop, turned);
    } catch (error) {
      if (!(error instanceof DialFailed)) throw error;
      // The collector was stopped, or its machine was.
      this.#cut = undefined;
      if (stop.aborted) return undefined;
      for (const refusal of error.refusals) this.#note(refusal);
      await this.#wait(stop, error.message);
      return undefined;
    }
  }

  async #failed(error: LinkError, epoch: Epoch | undefined, target: Target, stop: AbortSignal): Promise<void> {
    const { dialler, outbox } = this.context;
    dialler.unacknowledged(target);
    outbox.rewind();
    if (epoch !== undefined && !epoch.isEmpty) {
      this.#size.failed(epoch.bytes);
      this.#watchForStuck(epoch);
    }
    this.#note(error);
    if (!stop.aborted) await this.#wait(stop, error.message);
  }

  #watchForStuck(epoch: Epoch): void {
    this.#stuckCount = epoch.messages === 1 ? this.#stuckCount + 1 : 0;
    const { beginning } = epoch;
    if (this.#stuckCount < STUCK_AFTER || beginning === undefined) return;
    const { name, path, offset } = beginning;
    this.state.stuck = { ...name, path, offset };
    this.context.problems.raise({
      key: 'forward stuck',
      level: 'error',
      message: 'No connection survives one message; it is tried every five minutes and never skipped',
      facts: { ...name, file: path, offset },
      repeatMs: this.context.times.reportAgainMs,
    });
  }

  async #wait(stop: AbortSignal, reason: string): Promise<void> {
    const { clock, random, times } = this.context;
    const ms = this.state.stuck === undefined ? backoffMs(this.#attempt, times.backoff, random) : times.stuckRetryMs;
    this.state.link = { name: 'waiting', attempt: this.#attempt, untilMs: clock.nowMs() + ms, reason };
    this.#attempt += 1;
    await sleepInTurns(ms, this.context, stop);
  }

  #note(error: LinkError): void {
    const { clock, problems, refused, times } = this.context;
    const { state } = this;
    const { code, message, hint = '', isAuthenticationFailure } = error;
    state.failures.set(code, (state.failures.get(code) ?? 0) + 1);
    const failure = { atMs: clock.nowMs(), message, hint, refused: isAuthenticationFailure };
    state.lastFailure = failure;
    state.outage = { sinceMs: failure.atMs, ...state.outage, failure: state.outage?.failure ?? failure };
    problems.raise({
      key: `forward ${code}`,
      message: 'Forwarding failed; it is tried again',
      facts: { code, reason: message },
      remedy: error.hint,
      over: 'Forwarding works again',
      repeatMs: times.reportAgainMs,
      ...(isAuthenticationFailure && { logged: () => refused(error) }),
    });
  }
}
