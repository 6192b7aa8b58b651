/**
 * The second loop: from the journal to the collector, until stopped. Sessions
 * send and have their epochs acknowledged; here the cursor moves behind them,
 * and after any failure sending starts again at what has been acknowledged.
 */

import { backoffMs } from '../lib/backoff.js';
import type { Clock } from '../lib/clock.js';
import { inTurns, sleepInTurns } from '../lib/in-turns.js';
import { ToldFailures } from '../lib/report-once.js';
import type { Level } from '../link/acknowledge.js';
import { DialFailed, type Dialled, type Dialler } from '../link/dial.js';
import type { LinkError } from '../link/refusal.js';
import type { Report } from '../model/report.js';
import type { CollectorMemories } from './collector-memory.js';
import { type Epoch, type EpochOptions, Pace } from './epoch.js';
import type { Mark, Outbox } from './outbox.js';
import { Session, type SessionEnd } from './session.js';
import { type DeliveryState, newDeliveryState } from './state.js';
import { type DeliveryTimes, RESOLVER_MS } from './times.js';

export interface ForwardOptions extends EpochOptions {
  /** `delivery.acknowledge`; `undefined`: learnt. */
  readonly fixedLevel: Level | undefined;
  readonly windowMs: number;
}

export interface ForwardDependencies {
  readonly outbox: Outbox;
  /** Moves the journal's cursor. */
  readonly acknowledge: (entry: number) => Promise<void>;
  readonly cursor: number;
  /** The journal held entries at the start: an agent before this one may have sent them. */
  readonly backlog: boolean;
  readonly dialler: Pick<Dialler, 'dial' | 'dialWithin' | 'dialPreferred' | 'wasWell' | 'wasIll'>;
  readonly memories: CollectorMemories;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: Report;
  /** An epoch has been acknowledged: the receipt. */
  readonly receipt: (epoch: Epoch, dialled: Dialled, level: Level) => Promise<void>;
  /** A connection was refused for a certificate's sake, by them or by us; said as often as it is reported. */
  readonly refused: (error: LinkError) => void;
  readonly times: DeliveryTimes;
  /** A turn of the loop begins, and what it does may take `withinMs`. */
  readonly turned: (withinMs?: number) => void;
}

const STUCK_AFTER = 5;

export class Forward {
  readonly state: DeliveryState = newDeliveryState();
  readonly #pace: Pace;
  readonly #told: ToldFailures;
  #acknowledged: Mark;
  #attempt = 0;
  #unacknowledgedMessages = 0;
  /** Messages that have been sent once and, since a failure, not again. */
  #toRepeat = 0;
  #stuckCount = 0;
  /** Sessions in a row in which nothing was acknowledged. */
  #fruitless = 0;

  constructor(
    private readonly options: ForwardOptions,
    private readonly dependencies: ForwardDependencies,
  ) {
    this.#pace = new Pace(options, dependencies.backlog);
    this.#told = new ToldFailures(dependencies.clock, dependencies.times.reportAgainMs);
    this.#acknowledged = { entry: dependencies.cursor, messages: 0 };
  }

  /** `stop` ends it after the epoch in hand, `kill` at once. */
  async run(stop: AbortSignal, kill: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const dialled = await this.#dial(stop);
      if (dialled === undefined) continue;
      const afterFailure = this.#fruitless > 0;
      this.#fruitless += 1;
      await this.#after(await this.#session(dialled).run(stop, kill, afterFailure), dialled, stop);
    }
    this.state.link = { name: 'stopped' };
    await this.dependencies.outbox.close();
  }

  async #after(end: SessionEnd, dialled: Dialled, stop: AbortSignal): Promise<void> {
    switch (end.how) {
      case 'stopped':
        return;
      case 'idle':
        this.state.link = { name: 'idle' };
        this.#fruitless = 0;
        return inTurns((over) => this.dependencies.outbox.more(over), this.dependencies, stop);
      case 'failed':
        return this.#failed(end.error, end.epoch, dialled, stop);
      case 'unreadable':
        this.#rewind();
        this.dependencies.report.error('The journal cannot be read', {
          reason: end.error.message,
          remedy: end.error.hint,
        });
        return this.#wait(stop, end.error.message);
      default:
        end satisfies never;
    }
  }

  async #dial(stop: AbortSignal): Promise<Dialled | undefined> {
    const { dialler, turned, clock } = this.dependencies;
    this.state.outage ??= { sinceMs: clock.nowMs(), failure: undefined };
    this.state.link = { name: 'connecting', attempt: this.#attempt };
    turned(RESOLVER_MS);
    try {
      return await dialler.dial(stop, turned);
    } catch (error) {
      if (!(error instanceof DialFailed)) throw error;
      if (stop.aborted) return undefined;
      for (const refusal of error.refusals) this.#note(refusal);
      await this.#wait(stop, error.message);
      return undefined;
    }
  }

  #session(dialled: Dialled): Session {
    const { options } = this;
    return new Session(dialled, {
      ...this.dependencies,
      fixedLevel: options.fixedLevel,
      windowMs: options.windowMs,
      limit: (learning) => this.#pace.limit(learning),
      sent: (messages) => this.#sent(messages),
      moved: (mark) => this.#move(mark),
      linked: ({ link }) => this.#linked(link.peer),
      stands: () => {
        this.state.outage = undefined;
      },
      acknowledged: (epoch, by, level) => this.#acknowledge(epoch, by, level),
    });
  }

  #linked(peer: Dialled['link']['peer']): void {
    const before = this.state.lastPeer;
    this.state.lastPeer = peer;
    this.state.link = { name: 'connected', peer, sinceMs: this.dependencies.clock.nowMs() };
    // That it is there again is told by what it acknowledges.
    const { address, port, fingerprint } = peer;
    if (before?.address === address && before.port === port && before.fingerprint === fingerprint) return;
    this.dependencies.report.info('Connected to the collector', {
      collector: `${peer.host}:${peer.port}`,
      address: peer.address,
      protocol: peer.protocol,
      cipher: peer.cipher,
      subject: peer.subject,
      issuer: peer.issuer,
      fingerprint: peer.fingerprint,
    });
  }

  #sent(messages: number): void {
    const again = Math.min(messages, this.#toRepeat);
    this.#toRepeat -= again;
    this.state.repeated += again;
    this.state.sent += messages;
    this.#unacknowledgedMessages += messages;
  }

  async #acknowledge(epoch: Epoch, dialled: Dialled, level: Level): Promise<void> {
    const { clock, dialler, receipt, report } = this.dependencies;
    const { state } = this;
    if (epoch.mark === undefined) return;
    const moved = this.#move(epoch.mark);
    this.#attempt = 0;
    this.#stuckCount = 0;
    this.#fruitless = 0;
    this.#unacknowledgedMessages -= epoch.messages;
    this.#pace.acknowledged();
    state.acknowledged += epoch.messages;
    state.epochs += 1;
    state.lastAcknowledgedAtMs = clock.nowMs();
    if (state.lastLevel !== level) {
      report.info('The collector acknowledges', { collector: `${dialled.target.host}:${dialled.target.port}`, level });
    }
    state.lastLevel = level;
    state.stuck = undefined;
    const told = this.#told.over();
    if (told.length > 0) report.notice('Forwarding works again', { after: told.join(', ') });
    dialler.wasWell(dialled.target);
    await moved;
    if (epoch.messages > 0) await receipt(epoch, dialled, level);
  }

  async #move(mark: Mark): Promise<void> {
    this.#acknowledged = mark;
    await this.dependencies.acknowledge(mark.entry);
  }

  async #failed(error: LinkError, epoch: Epoch | undefined, dialled: Dialled, stop: AbortSignal): Promise<void> {
    this.dependencies.dialler.wasIll(dialled.target);
    this.#rewind();
    if (epoch !== undefined && !epoch.isEmpty) {
      this.#pace.failed(epoch.bytes);
      this.#watchForStuck(epoch);
    }
    this.#note(error);
    if (!stop.aborted) await this.#wait(stop, error.message);
  }

  #rewind(): void {
    this.dependencies.outbox.rewind(this.#acknowledged);
    this.#toRepeat += this.#unacknowledgedMessages;
    this.#unacknowledgedMessages = 0;
  }

  #watchForStuck(epoch: Epoch): void {
    this.#stuckCount = epoch.messages === 1 ? this.#stuckCount + 1 : 0;
    const { beginning } = epoch;
    if (this.#stuckCount < STUCK_AFTER || beginning === undefined || this.state.stuck !== undefined) return;
    const { name, path, offset } = beginning;
    this.state.stuck = { ...name, path, offset };
    this.dependencies.report.error(
      'No connection survives one message; it is tried every five minutes and never skipped',
      { ...name, file: path, offset },
    );
  }

  async #wait(stop: AbortSignal, reason: string): Promise<void> {
    const { clock, random, times } = this.dependencies;
    const ms = this.state.stuck === undefined ? backoffMs(this.#attempt, times.backoff, random) : times.stuckRetryMs;
    this.state.link = { name: 'waiting', attempt: this.#attempt, untilMs: clock.nowMs() + ms, reason };
    this.#attempt += 1;
    await sleepInTurns(ms, this.dependencies, stop);
  }

  #note(error: LinkError): void {
    const { clock, report, refused } = this.dependencies;
    const { failures } = this.state;
    failures.set(error.code, (failures.get(error.code) ?? 0) + 1);
    const { message, hint = '' } = error;
    const failure = { atMs: clock.nowMs(), message, hint, refused: error.isAuthenticationFailure };
    this.state.lastFailure = failure;
    this.state.outage = { sinceMs: failure.atMs, ...this.state.outage, failure: this.state.outage?.failure ?? failure };
    if (!this.#told.isDue(error.code)) return;
    report.warning('Forwarding failed; it is tried again', {
      code: error.code,
      reason: error.message,
      remedy: error.hint,
    });
    if (error.isAuthenticationFailure) refused(error);
  }
}
