/**
 * Link: the life of one TLS connection. It carries frames one way and ends with a
 * verdict on what its end proves.
 *
 * Everything that the collector sends is read and discarded (RFC 5425 has no
 * answers). How the connection ends is observed closely: that is the only
 * acknowledgement there is.
 */
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../lib/clock.js';
import type { Endpoints, KernelSocketReading } from '../lib/kernel-socket.js';
import type { Network } from '../lib/network.js';
import { Signal } from '../lib/signal.js';
import { type Ending, judge } from './acknowledge.js';
import type { Peer } from './peer.js';
import type { Transport } from './transport.js';

/** Why a link ended without our asking. */
export interface LinkEnd {
  readonly how: 'close-notify' | 'fin' | 'error' | 'stalled' | 'ours';
  readonly error: Error | undefined;
}

/** The answer to our close_notify comes first; the verdict when it is known how the connection has ended. */
export interface Closing {
  readonly answered: Promise<Ending['answer']>;
  readonly verdict: Promise<Ending>;
}

/** What a link is given of the world. */
export interface LinkContext {
  readonly clock: Clock;
  readonly network: Network;
  /** Somebody waits for the other side, and it has been looked whether anything moves. */
  readonly watched?: () => void;
}

/** How long a link waits for what. */
export interface LinkTimes {
  readonly connectMs: number;
  readonly handshakeMs: number;
  /** No octet and no shrinking of the kernel's queue for this long: the other side is taken for dead. */
  readonly stallMs: number;
  /** How long our FIN waits for theirs after an answered close_notify. */
  readonly finMs: number;
  /**
   * A reset that follows a FIN takes the socket out of the kernel's table within this: at once when a process dies,
   * later when it says goodbye first. As long as the sign of life is waited for, so it costs nothing.
   */
  readonly resetMs: number;
}

export const LINK_TIMES: LinkTimes = {
  connectMs: 10_000,
  handshakeMs: 10_000,
  stallMs: 30_000,
  finMs: 2_000,
  resetMs: 200,
};

const NEVER = new AbortController().signal;

/** How often progress is looked for within `stallMs`. */
const WATCHES_PER_STALL = 6;

export class Link {
  /** Resolves when either side has ended the link. */
  readonly ended: Promise<LinkEnd>;
  /** Set as soon as `ended` resolves. */
  end: LinkEnd | undefined;
  readonly #endpoints: Endpoints;
  /** Aborts when the link ends. */
  readonly #over = new AbortController();
  /** Something has happened on this connection: look again. */
  readonly #changed: Signal;
  #closing = false;
  /** What followed our close_notify. */
  #answer: Ending['answer'] = 'none';
  /** Somebody waits for the other side, for room to write or for an answer; each wait is another one. */
  #waiting: object | undefined;

  constructor(
    readonly peer: Peer,
    private readonly tls: TLSSocket,
    private readonly transport: Transport,
    private readonly context: LinkContext,
    private readonly times: LinkTimes = LINK_TIMES,
  ) {
    const { socket } = transport;
    this.#endpoints = {
      localPort: socket.localPort ?? 0,
      remoteAddress: socket.remoteAddress ?? '',
      remotePort: socket.remotePort ?? 0,
    };
    this.#changed = new Signal(context.clock);
    this.ended = new Promise((resolve) => {
      this.#over.signal.addEventListener('abort', () => resolve(this.#over.signal.reason));
    });
    tls.on('drain', () => this.#changed.notify());
    tls.on('error', (error) => this.#finish({ how: 'error', error: transport.failure ?? error }));
    tls.on('end', () => this.#theirEnd());
    transport.on('fin', () => this.#changed.notify());
    transport.on('socket-closed', () => {
      const error = transport.failure;
      this.#finish({ how: error === undefined ? 'fin' : 'error', error });
      this.#changed.notify();
    });
    tls.resume();
    void this.#watch();
  }

  get alive(): boolean {
    return this.end === undefined;
  }

  /** Resolves when there is room for more, or when the link has ended: look at `alive`. One caller at a time. */
  async write(frames: Buffer): Promise<void> {
    if (!this.alive || this.tls.write(frames)) return;
    await this.#theirTurn(() => !this.tls.writableNeedDrain);
  }

  /** Sends close_notify, keeps reading, holds our FIN back. `windowMs`: how long an answer is waited for, if not for ever. */
  close(windowMs: number | undefined): Closing {
    this.#closing = true;
    const answered = this.#askForAnswer(windowMs);
    const verdict = answered.then((answer) => this.#judge(answer));
    return { answered, verdict };
  }

  /**
   * Whether it is up now, according to the kernel: after a pause of this process (no CPU, stopped) timers may fire
   * before the end of a link has been noticed.
   */
  async isUp(): Promise<boolean> {
    if (!this.alive) return false;
    const kernel = await this.context.network.kernelSocket(this.#endpoints);
    if (kernel === 'unreadable') return this.alive;
    return this.alive && kernel !== 'gone' && kernel.state === 'established';
  }

  /** For a link on which nothing is outstanding: close_notify, FIN, and no waiting for answers (RFC 5425 section 4.4). */
  leave(): void {
    const { tls, transport } = this;
    if (!this.alive) {
      this.destroy();
      return;
    }
    this.#finish({ how: 'ours', error: undefined });
    const { socket } = transport;
    void this.#until(() => socket.closed, this.times.finMs, NEVER).then(() => this.destroy());
    transport.once('finish', () => socket.destroySoon());
    tls.end();
  }

  /** Takes the connection away at once; harmless when it is gone already. */
  destroy(): void {
    this.#finish({ how: 'ours', error: undefined });
    this.tls.destroy();
    this.transport.socket.destroy();
  }

  #finish(end: LinkEnd): void {
    if (this.end !== undefined) return;
    this.end = end;
    this.#over.abort(end);
  }

  #theirEnd(): void {
    const { finShown, finUnasked, closeNotifyLeft } = this.transport;
    const how = finShown ? 'fin' : 'close-notify';
    if (!this.#closing) {
      this.#finish({ how, error: undefined });
      return;
    }
    // Theirs counts only when ours had left before it.
    const unasked = finShown ? finUnasked : !closeNotifyLeft;
    this.#answer = unasked ? 'unasked' : how;
    this.#changed.notify();
  }

  async #askForAnswer(windowMs: number | undefined): Promise<Ending['answer']> {
    if (!this.alive) return 'broken';
    this.tls.end();
    await this.#theirTurn(() => this.#answer !== 'none', windowMs);
    return this.#answer === 'none' && !this.alive && this.end?.how !== 'stalled' ? 'broken' : this.#answer;
  }

  async #judge(answer: Ending['answer']): Promise<Ending> {
    const { transport, context, times } = this;
    if (answer === 'close-notify' && !transport.finSeen) await this.#exchangeFins();
    if (answer === 'close-notify' || answer === 'fin') await context.clock.sleep(times.resetMs, this.#over.signal);
    const ourFinFirst = transport.socket.writableEnded;
    const kernel = await this.#unconfirmed();
    const error = transport.failure ?? this.end?.error;
    return judge({ answer, finSeen: transport.finSeen, ourFinFirst, kernel, error });
  }

  /** A collector may answer and wait for our FIN before it sends its own. */
  async #exchangeFins(): Promise<void> {
    const { transport, context, times } = this;
    await this.#until(() => transport.finSeen, times.finMs);
    // As in isUp: their FIN may not have been noticed yet, and after ours a reset that followed it would not be seen.
    const kernel = await context.network.kernelSocket(this.#endpoints);
    if (transport.finSeen || !this.alive) return;
    if (kernel === 'unreadable' || (kernel !== 'gone' && kernel.state === 'established')) transport.socket.end();
    await this.#until(() => transport.finSeen, times.finMs);
  }

  /** Octets that Node has not yet passed to the kernel are as unconfirmed as those that lie there. */
  async #unconfirmed(): Promise<KernelSocketReading> {
    const kernel = await this.context.network.kernelSocket(this.#endpoints);
    if (typeof kernel === 'string') return kernel;
    return { ...kernel, unconfirmedBytes: kernel.unconfirmedBytes + this.#waitingBytes };
  }

  get #waitingBytes(): number {
    return this.tls.writableLength + this.transport.writableLength + this.transport.socket.writableLength;
  }

  /** As `#until`, while `#watch` checks whether the other side still makes progress. */
  async #theirTurn(holds: () => boolean, limitMs?: number): Promise<void> {
    this.#waiting = {};
    await this.#until(holds, limitMs);
    this.#waiting = undefined;
  }

  /** Until it holds, the time is up, or the link has ended. */
  async #until(
    holds: () => boolean,
    limitMs = Number.POSITIVE_INFINITY,
    over: AbortSignal = this.#over.signal,
  ): Promise<void> {
    const { clock } = this.context;
    const endMs = clock.monotonicMs() + limitMs;
    for (let restMs = limitMs; restMs > 0 && !holds() && !over.aborted; restMs = endMs - clock.monotonicMs()) {
      await this.#changed.wait(over, Number.isFinite(restMs) ? restMs : undefined);
    }
  }

  /** Ends the link when somebody waits and nothing moves: no octet comes in and the kernel's queue does not shrink. */
  async #watch(): Promise<void> {
    const { clock, watched } = this.context;
    let before = { waiter: this.#waiting, read: 0, left: 0 };
    let movedAtMs = clock.monotonicMs();
    while (this.alive) {
      await clock.sleep(this.times.stallMs / WATCHES_PER_STALL, this.#over.signal);
      if (!this.alive) return;
      if (this.#waiting !== undefined) watched?.();
      const kernel = await this.#unconfirmed();
      const left = typeof kernel === 'object' ? kernel.unconfirmedBytes : this.#waitingBytes;
      const now = { waiter: this.#waiting, read: this.transport.socket.bytesRead, left };
      const moved =
        now.waiter === undefined || now.waiter !== before.waiter || now.read > before.read || left < before.left;
      before = now;
      if (moved) movedAtMs = clock.monotonicMs();
      else if (clock.monotonicMs() - movedAtMs >= this.times.stallMs)
        this.#finish({ how: 'stalled', error: undefined });
    }
  }
}
