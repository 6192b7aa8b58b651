/**
 * One TLS connection's life: it carries frames one way and ends in a verdict.
 *
 * Everything that the other side says is read and thrown away (RFC 5425 has no
 * answers), but how it ends is kept: that is all the acknowledgement there is.
 */
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../lib/clock.js';
import { type Ending, judge } from './acknowledge.js';
import type { Endpoints, KernelSocketReading, ReadKernelSocket } from './kernel-socket.js';
import type { Peer } from './peer.js';
import type { Transport } from './transport.js';

/** Why a link ended by itself. */
export interface LinkEnd {
  readonly how: 'close-notify' | 'fin' | 'error' | 'stalled' | 'ours';
  readonly error: Error | undefined;
}

/** What the other side did with our close_notify; `verdict` comes when the last doubt is gone. */
export interface Closing {
  readonly answered: Promise<Ending['answer']>;
  readonly verdict: Promise<Ending>;
}

export interface LinkDependencies {
  readonly clock: Clock;
  readonly readKernelSocket: ReadKernelSocket;
  /** Somebody waits for the other side, and it has been looked whether anything moves. */
  readonly watched?: () => void;
}

export interface LinkTimes {
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

export const LINK_TIMES: LinkTimes = { stallMs: 30_000, finMs: 2_000, resetMs: 200 };

/** How often progress is looked for within `stallMs`. */
const WATCHES_PER_STALL = 6;

export class Link {
  /** Resolves when the link has ended, whoever ended it. */
  readonly ended: Promise<LinkEnd>;
  /** Set as soon as `ended` resolves. */
  end: LinkEnd | undefined;
  readonly #endpoints: Endpoints;
  readonly #stop = new AbortController();
  #closing = false;
  /** Somebody waits for the other side: for room to write, or for an answer. */
  #waiting: (() => void) | undefined;
  #announce!: (end: LinkEnd) => void;

  constructor(
    readonly peer: Peer,
    private readonly tls: TLSSocket,
    private readonly transport: Transport,
    private readonly dependencies: LinkDependencies,
    private readonly times: LinkTimes = LINK_TIMES,
  ) {
    const { socket } = transport;
    this.#endpoints = {
      localPort: socket.localPort ?? 0,
      remoteAddress: socket.remoteAddress ?? '',
      remotePort: socket.remotePort ?? 0,
    };
    this.ended = new Promise((resolve) => {
      this.#announce = (end) => {
        if (this.end !== undefined) return;
        this.end = end;
        this.#stop.abort();
        this.#waiting?.();
        resolve(end);
      };
    });
    tls.on('error', (error) => this.#announce({ how: 'error', error: transport.failure ?? error }));
    tls.on('end', () => {
      if (!this.#closing) this.#announce({ how: transport.finShown ? 'fin' : 'close-notify', error: undefined });
    });
    transport.on('socket-closed', () => {
      const error = transport.failure;
      this.#announce({ how: error === undefined ? 'fin' : 'error', error });
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
    await this.#wait((done) => this.tls.once('drain', done));
  }

  /** Sends close_notify, keeps reading, holds our FIN back. */
  close(windowMs: number | undefined): Closing {
    this.#closing = true;
    const answered = this.#answer(windowMs);
    const verdict = answered.then((answer) => this.#judge(answer));
    return { answered, verdict };
  }

  /**
   * Up now, by the kernel's word: after a pause of this process (no CPU, stopped) the end of a link may lie there
   * unheard while timers go off already.
   */
  async isUp(): Promise<boolean> {
    if (!this.alive) return false;
    const kernel = await this.dependencies.readKernelSocket(this.#endpoints);
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
    this.#announce({ how: 'ours', error: undefined });
    const gone = new AbortController();
    transport.once('socket-closed', () => gone.abort());
    void this.dependencies.clock.sleep(this.times.finMs, gone.signal).then(() => this.destroy());
    transport.once('finish', () => transport.socket.destroySoon());
    tls.end();
  }

  /** Takes the connection away at once; harmless when it is gone already. */
  destroy(): void {
    this.#announce({ how: 'ours', error: undefined });
    this.tls.destroy();
    this.transport.socket.destroy();
  }

  async #answer(windowMs: number | undefined): Promise<Ending['answer']> {
    const { tls, transport } = this;
    if (!this.alive) return 'broken';
    let answer: Ending['answer'] = 'none';
    const quiet = new AbortController();
    await this.#wait((done) => {
      tls.once('end', () => {
        // Theirs counts only when ours had left before it.
        const unasked = transport.finShown ? transport.finUnasked : !transport.closeNotifyLeft;
        answer = unasked ? 'unasked' : transport.finShown ? 'fin' : 'close-notify';
        done();
      });
      tls.end();
      if (windowMs !== undefined) void this.dependencies.clock.sleep(windowMs, quiet.signal).then(done);
    });
    quiet.abort();
    return answer === 'none' && !this.alive && this.end?.how !== 'stalled' ? 'broken' : answer;
  }

  async #judge(answer: Ending['answer']): Promise<Ending> {
    const { transport, dependencies, times } = this;
    if (answer === 'close-notify' && !transport.finSeen) await this.#exchangeFins();
    if (answer === 'close-notify' || answer === 'fin') await dependencies.clock.sleep(times.resetMs, this.#stop.signal);
    const ourFinFirst = transport.socket.writableEnded;
    const kernel = await this.#unconfirmed();
    const error = transport.failure ?? this.end?.error;
    return judge({ answer, finSeen: transport.finSeen, ourFinFirst, kernel, error });
  }

  /** A collector may answer and wait for our FIN before it sends its own. */
  async #exchangeFins(): Promise<void> {
    const { transport, dependencies, times } = this;
    const fin = new Promise<void>((resolve) => {
      transport.once('fin', resolve);
    });
    await Promise.race([fin, dependencies.clock.sleep(times.finMs, this.#stop.signal)]);
    // As in isUp: their FIN may lie there unheard, and after ours nobody could tell a reset that followed it.
    const kernel = await dependencies.readKernelSocket(this.#endpoints);
    if (transport.finSeen || !this.alive) return;
    if (kernel === 'unreadable' || (kernel !== 'gone' && kernel.state === 'established')) transport.socket.end();
    await Promise.race([fin, dependencies.clock.sleep(times.finMs, this.#stop.signal)]);
  }

  /** Octets that Node has not yet passed to the kernel are as unconfirmed as those that lie there. */
  async #unconfirmed(): Promise<KernelSocketReading> {
    const kernel = await this.dependencies.readKernelSocket(this.#endpoints);
    if (typeof kernel === 'string') return kernel;
    return { ...kernel, unconfirmedBytes: kernel.unconfirmedBytes + this.#waitingBytes };
  }

  get #waitingBytes(): number {
    return this.tls.writableLength + this.transport.writableLength + this.transport.socket.writableLength;
  }

  #wait(begin: (done: () => void) => void): Promise<void> {
    return new Promise<void>((resolve) => {
      const done = () => {
        this.#waiting = undefined;
        resolve();
      };
      this.#waiting = done;
      begin(done);
    });
  }

  /** Ends the link when somebody waits and nothing moves: no octet comes in and the kernel's queue does not shrink. */
  async #watch(): Promise<void> {
    const { clock } = this.dependencies;
    let before = { waiter: this.#waiting, read: 0, left: 0 };
    let movedAtMs = clock.monotonicMs();
    while (this.alive) {
      await clock.sleep(this.times.stallMs / WATCHES_PER_STALL, this.#stop.signal);
      if (!this.alive) return;
      if (this.#waiting !== undefined) this.dependencies.watched?.();
      const kernel = await this.#unconfirmed();
      const left = typeof kernel === 'object' ? kernel.unconfirmedBytes : this.#waitingBytes;
      const now = { waiter: this.#waiting, read: this.transport.socket.bytesRead, left };
      const moved =
        now.waiter === undefined || now.waiter !== before.waiter || now.read > before.read || left < before.left;
      before = now;
      if (moved) movedAtMs = clock.monotonicMs();
      else if (clock.monotonicMs() - movedAtMs >= this.times.stallMs)
        this.#announce({ how: 'stalled', error: undefined });
    }
  }
}
