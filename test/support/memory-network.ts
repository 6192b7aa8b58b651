/**
 * A TCP network in memory. Connections are pairs of streams with what matters
 * of the real ones: octets in transit, windows, half-open ends, FINs, resets,
 * and a kernel's table that tells of them. Time passes by the clock alone, so
 * on a simulated clock the same story gives the same connections.
 */
import { Duplex } from 'node:stream';
import type { Clock } from '../../src/lib/clock.js';
import type { Endpoints, KernelSocketReading } from '../../src/lib/kernel-socket.js';
import type { Network, RawSocket } from '../../src/lib/network.js';

type Done = (error?: Error | null) => void;

export class MemoryNetwork implements Network {
  /** Addresses of names; what is not here is not known to DNS. */
  readonly names = new Map<string, readonly string[]>();
  /** How long each packet takes. */
  latencyMs: number;
  readonly #listeners = new Map<string, (socket: MemorySocket) => void>();
  readonly #sockets = new Set<MemorySocket>();
  readonly #inTransit: Packet[] = [];
  /** Packets of addresses that are cut off; TCP would send them again and again. */
  readonly #held = new Map<string, Packet[]>();
  #lastPort = 40_000;

  constructor(
    private readonly clock: Pick<Clock, 'sleep'>,
    { latencyMs = 0 }: { readonly latencyMs?: number } = {},
  ) {
    this.latencyMs = latencyMs;
  }

  /** Accepts connections until the returned function is called; they outlive it. */
  listen(at: { readonly address: string; readonly port: number }, accept: (socket: MemorySocket) => void): () => void {
    const key = placeOf(at);
    if (this.#listeners.has(key)) throw systemError('EADDRINUSE', `listen EADDRINUSE ${key}`);
    this.#listeners.set(key, accept);
    return () => this.#listeners.delete(key);
  }

  /** Nothing passes to or from this address any more, as when a firewall drops packets or a cable is pulled. */
  cut(address: string): void {
    if (!this.#held.has(address)) this.#held.set(address, []);
  }

  /** What was held back passes now. */
  mend(address: string): void {
    const held = this.#held.get(address) ?? [];
    this.#held.delete(address);
    for (const { arrive } of held) arrive();
  }

  connect(to: { readonly address: string; readonly port: number }, signal: AbortSignal): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      const refused = systemError('ECONNREFUSED', `connect ECONNREFUSED ${placeOf(to)}`);
      this.transmit(to.address, () => {
        const accept = this.#listeners.get(placeOf(to));
        if (accept === undefined) return this.transmit(to.address, () => reject(refused));
        const { near, far } = this.#pair(to);
        this.transmit(to.address, () => {
          if (signal.aborted) near.destroy();
          else resolve(near);
        });
        accept(far);
      });
    });
  }

  async lookup(name: string): Promise<readonly string[]> {
    const addresses = this.names.get(name);
    if (addresses === undefined) throw systemError('ENOTFOUND', `getaddrinfo ENOTFOUND ${name}`);
    return addresses;
  }

  async kernelSocket({ localPort, remoteAddress, remotePort }: Endpoints): Promise<KernelSocketReading> {
    for (const socket of this.#sockets) {
      const isIt = socket.localPort === localPort && socket.remotePort === remotePort;
      if (isIt && socket.remoteAddress === remoteAddress) return socket.kernel;
    }
    return 'gone';
  }

  /** For sockets: one packet, behind all that were sent before. */
  transmit(address: string, arrive: () => void): void {
    this.#inTransit.push({ address, arrive });
    void this.clock.sleep(this.latencyMs).then(() => {
      const packet = this.#inTransit.shift();
      if (packet === undefined) return;
      const held = this.#held.get(packet.address);
      if (held === undefined) packet.arrive();
      else held.push(packet);
    });
  }

  #pair({ address, port }: { readonly address: string; readonly port: number }) {
    this.#lastPort += 1;
    const leaves = (socket: MemorySocket) => void this.#sockets.delete(socket);
    const transmit = (arrive: () => void) => this.transmit(address, arrive);
    const near = new MemorySocket(
      { localPort: this.#lastPort, remoteAddress: address, remotePort: port },
      transmit,
      leaves,
    );
    const far = new MemorySocket(
      { localPort: port, remoteAddress: '127.0.0.1', remotePort: this.#lastPort },
      transmit,
      leaves,
    );
    near.peer = far;
    far.peer = near;
    this.#sockets.add(near).add(far);
    return { near, far };
  }
}

interface Packet {
  readonly address: string;
  readonly arrive: () => void;
}

/** What one side's kernel holds unread before the other may send no more. */
const WINDOW_BYTES = 256 * 1024;
/** What one side's kernel takes of a process before the other's has confirmed it. */
const SEND_BUFFER_BYTES = 256 * 1024;
const SEGMENT_BYTES = 16 * 1024;

/** One end of a connection. */
export class MemorySocket extends Duplex implements RawSocket {
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  bytesRead = 0;
  peer!: MemorySocket;
  /** Taken from the process, not yet sent. */
  readonly #unsent: Buffer[] = [];
  /** The same and what is in transit: the other kernel has not got it. */
  #unconfirmedBytes = 0;
  #inTransitBytes = 0;
  #finTold = false;
  #finSent = false;
  /** The process waits until the kernel has room. */
  #blocked: Done | undefined;
  /** Here, and not yet read by the process. */
  readonly #unread: Buffer[] = [];
  #unreadBytes = 0;
  #wanted = false;
  #theirFin = false;
  /** It was reset, by either side. */
  #gone = false;
  #closed = false;

  constructor(
    endpoints: Endpoints,
    private readonly transmit: (arrive: () => void) => void,
    private readonly leaves: (socket: MemorySocket) => void,
  ) {
    super({ allowHalfOpen: true });
    this.localPort = endpoints.localPort;
    this.remoteAddress = endpoints.remoteAddress;
    this.remotePort = endpoints.remotePort;
  }

  /** As the kernel's table has it. */
  get kernel(): KernelSocketReading {
    if (this.#gone || this.#closed) return 'gone';
    const established = !this.#theirFin && !this.#finTold;
    const state = established ? 'established' : this.#theirFin && !this.#finTold ? 'close-wait' : 'other';
    return { state, unconfirmedBytes: this.#unconfirmedBytes };
  }

  destroySoon(): void {
    if (!this.writableEnded) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  resetAndDestroy(): void {
    this.#reset();
    this.destroy();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (this.#gone) {
      done(systemError('EPIPE', 'write EPIPE'));
      return;
    }
    this.#unsent.push(bytes);
    this.#unconfirmedBytes += bytes.length;
    this.#pump();
    if (this.#unconfirmedBytes < SEND_BUFFER_BYTES) done();
    else this.#blocked = done;
  }

  override _final(done: Done): void {
    this.#finTold = true;
    this.#pump();
    done();
  }

  override _read(): void {
    this.#wanted = true;
    this.#deliver();
  }

  /** As when a process closes its socket, or ends: unread octets make a reset of it, otherwise a FIN goes behind what was sent. */
  override _destroy(error: Error | null, done: Done): void {
    if (this.#unreadBytes > 0) this.#reset();
    this.#finTold = true;
    this.#closed = true;
    this.#pump();
    this.leaves(this);
    done(error);
  }

  #reset(): void {
    if (this.#gone) return;
    this.#gone = true;
    const { peer } = this;
    this.transmit(() => peer.#theirReset());
  }

  /** Sends what the other side's window allows. */
  #pump(): void {
    const { peer } = this;
    if (this.#gone) return;
    for (;;) {
      const [next] = this.#unsent;
      const room = WINDOW_BYTES - peer.#unreadBytes - this.#inTransitBytes;
      if (next === undefined || room <= 0) break;
      const segment = next.subarray(0, Math.min(room, SEGMENT_BYTES));
      if (segment.length === next.length) this.#unsent.shift();
      else this.#unsent[0] = next.subarray(segment.length);
      this.#inTransitBytes += segment.length;
      this.transmit(() => this.#arrived(segment));
    }
    if (this.#finTold && !this.#finSent && this.#unsent.length === 0) {
      this.#finSent = true;
      this.transmit(() => {
        peer.#theirFin = true;
        peer.#deliver();
      });
    }
  }

  /** At the other side. */
  #arrived(segment: Buffer): void {
    const { peer } = this;
    if (peer.#gone) return;
    // Nobody is there to read it.
    if (peer.#closed) {
      peer.#reset();
      return;
    }
    this.#inTransitBytes -= segment.length;
    this.#unconfirmedBytes -= segment.length;
    peer.#unread.push(segment);
    peer.#unreadBytes += segment.length;
    peer.#deliver();
    const done = this.#blocked;
    if (done === undefined || this.#unconfirmedBytes >= SEND_BUFFER_BYTES) return;
    this.#blocked = undefined;
    done();
  }

  /** To the process, when it wants more. */
  #deliver(): void {
    while (this.#wanted && !this.destroyed) {
      const bytes = this.#unread.shift();
      if (bytes === undefined) break;
      this.#unreadBytes -= bytes.length;
      this.bytesRead += bytes.length;
      this.#wanted = this.push(bytes);
    }
    if (this.#theirFin && this.#unread.length === 0 && !this.readableEnded && !this.destroyed) this.push(null);
    this.peer.#pump();
  }

  /** Node hears of it by a read or a write; after their FIN it reads no more. */
  #theirReset(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#unsent.length = 0;
    const error = systemError('ECONNRESET', 'read ECONNRESET');
    this.#blocked?.(error);
    this.#blocked = undefined;
    if (!this.#theirFin) this.destroy(error);
  }
}

function placeOf({ address, port }: { readonly address: string; readonly port: number }): string {
  return `${address}:${port}`;
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
