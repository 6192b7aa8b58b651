/**
 * The test collector behind `listen` and `demo`: the receiving end of RFC 5425
 * over mutual TLS 1.2 and 1.3, which shows who connects and what they send, says
 * why it refuses a client, and goes on whatever a client does.
 */
import { constants, type X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import tls, { type TLSSocket } from 'node:tls';
import { reasonOf, systemCode } from '../lib/errors.js';
import type { Report } from '../model/report.js';
import { wordsForHandshakeError } from '../pki/x509/words.js';
import { addressOf, type Client, certificatesIn, describeClient } from './client.js';
import { CrowdedOut, type Outlet, serve } from './connection.js';
import { Framer, type Unframer } from './framing.js';
import { cannotListen, unusable } from './words.js';

export interface CollectorOptions {
  readonly host: string;
  /** 0 lets the system choose; see `address`. */
  readonly port: number;
  /** PEM: the authorities whose clients are trusted. Only a collector that asks for no certificate needs none. */
  readonly ca?: string | Buffer;
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** PEM: a revocation list for each authority. */
  readonly crl?: string | Buffer;
  readonly clientCertificate: 'require' | 'request' | 'none';
  readonly maxMessageBytes: number;
  /** Smaller in tests; default: LIMITS. */
  readonly limits?: Limits;
}

/** What all clients together may take of this process. */
export interface Limits {
  /** Connections whose handshake is not done. For one more the oldest goes: strangers that say nothing keep nobody out. */
  readonly handshakes: number;
  /** Connections whose handshake is done; one more is refused. */
  readonly clients: number;
  /** Octets of messages that have begun and not ended. For more the client with most of them goes. */
  readonly unfinishedBytes: number;
}

export interface Refusal {
  readonly address: string;
  readonly reason: string;
  /** OpenSSL's, Node's or the kernel's name for it; empty when there is none. */
  readonly code: string;
  /** Set when the handshake was done before we refused, so that its certificates can be shown. */
  readonly client: Client | undefined;
}

export interface CollectorOutlet extends Outlet {
  readonly report: Report;
  unframe(maxMessageBytes: number): Unframer;
  onConnection(client: Client): void;
  onRefused(refusal: Refusal): void;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

// An agent on a slow line needs a second or two; a client that needs longer does not speak TLS.
const HANDSHAKE_TIMEOUT_MS = 10_000;
// How long a client may take to answer our close_notify when we stop.
const STOP_GRACE_MS = 2_000;
const LIMITS: Limits = { handshakes: 256, clients: 1_000, unfinishedBytes: 64 * 1024 * 1024 };

export class Collector {
  readonly #options: CollectorOptions;
  readonly #outlet: CollectorOutlet;
  readonly #server: tls.Server;
  readonly #trusted: readonly X509Certificate[];
  readonly #limits: Limits;
  /** Connections whose handshake is not done, the oldest first, by their address. */
  readonly #handshakes = new Map<string, Socket>();
  readonly #serving = new Map<TLSSocket, Promise<void>>();
  readonly #unfinished: Unfinished;
  #address: Address = { host: '', port: 0 };
  #connections = 0;
  #closing: Promise<void> | undefined;

  /** Rejects with an AgentError when the certificates do not fit together or the address cannot be listened on. */
  static async listen(options: CollectorOptions, outlet: CollectorOutlet): Promise<Collector> {
    const collector = new Collector(options, outlet);
    const { host, port } = options;
    try {
      collector.#server.listen({ host, port });
      await once(collector.#server, 'listening');
    } catch (error) {
      throw cannotListen(error, host, port);
    }
    const { address, port: taken } = collector.#server.address() as AddressInfo;
    collector.#address = { host: address, port: taken };
    collector.#server.on('error', (error) =>
      outlet.report.error('Cannot accept a connection', { reason: reasonOf(error), code: systemCode(error) }),
    );
    return collector;
  }

  private constructor(options: CollectorOptions, outlet: CollectorOutlet) {
    this.#options = options;
    this.#outlet = outlet;
    this.#limits = options.limits ?? LIMITS;
    // One message of the greatest length is always taken.
    this.#unfinished = new Unfinished(Math.max(this.#limits.unfinishedBytes, 2 * options.maxMessageBytes));
    this.#trusted = certificatesIn(options.ca ?? '');
    this.#server = createServer(options);
    this.#server.on('connection', (socket: Socket) => this.#shakeHands(socket));
    this.#server.on('secureConnection', (socket) => this.#accept(socket));
    this.#server.on('tlsClientError', (error, socket) => {
      outlet.onRefused({
        address: addressOf(socket),
        reason: wordsForHandshakeError(error),
        code: systemCode(error),
        client: undefined,
      });
    });
  }

  /** Where it listens, or did. */
  get address(): Address {
    return this.#address;
  }

  /** How many clients are connected now. */
  get connected(): number {
    return this.#serving.size;
  }

  /**
   * Takes no new client, says close_notify to those that are there, and takes what they have sent until they end
   * or the grace is over. Resolves when nothing of the collector is left.
   */
  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#handshakes.values()) socket.destroy();
    for (const socket of this.#serving.keys()) socket.end();
    const overdue = setTimeout(() => {
      for (const socket of this.#serving.keys()) socket.destroy();
    }, STOP_GRACE_MS);
    await Promise.all(this.#serving.values());
    clearTimeout(overdue);
    await closed;
  }

  #shakeHands(socket: Socket): void {
    const address = addressOf(socket);
    this.#handshakes.set(address, socket);
    socket.once('close', () => {
      if (this.#handshakes.get(address) === socket) this.#handshakes.delete(address);
    });
    if (this.#handshakes.size <= this.#limits.handshakes) return;
    const [[oldest, leaving] = []] = this.#handshakes;
    if (oldest !== undefined) this.#handshakes.delete(oldest);
    leaving?.destroy();
  }

  #accept(socket: TLSSocket): void {
    this.#handshakes.delete(addressOf(socket));
    // A reset ends the reading, which tells it; without a listener it would end the process.
    socket.on('error', () => {});
    if (this.#serving.size >= this.#limits.clients) {
      const reason = `${this.#limits.clients} clients are connected already`;
      this.#outlet.onRefused({ address: addressOf(socket), reason, code: '', client: undefined });
      socket.destroy();
      return;
    }
    this.#connections += 1;
    const asked = this.#options.clientCertificate !== 'none';
    const client = describeClient(socket, this.#connections, { asked, trusted: this.#trusted, nowMs: Date.now() });
    if (this.#options.clientCertificate === 'require' && client.verdict.name !== 'verified') {
      socket.destroy();
      this.#outlet.onRefused(refusalOf(client));
      return;
    }
    this.#outlet.onConnection(client);
    const { maxMessageBytes } = this.#options;
    const framer = new Framer(this.#outlet.unframe(maxMessageBytes), maxMessageBytes);
    const served = serve(socket, client, framer, this.#outlet, (bytes) => this.#unfinished.hold(socket, bytes));
    this.#serving.set(socket, served);
    void served.then(() => {
      this.#serving.delete(socket);
      this.#unfinished.hold(socket, 0);
    });
  }
}

/** How much each client keeps us waiting with, and who goes when it is too much. */
class Unfinished {
  readonly #bytes = new Map<TLSSocket, number>();
  #total = 0;

  constructor(private readonly most: number) {}

  hold(socket: TLSSocket, bytes: number): void {
    this.#total += bytes - (this.#bytes.get(socket) ?? 0);
    if (bytes === 0) this.#bytes.delete(socket);
    else this.#bytes.set(socket, bytes);
    if (this.#total <= this.most) return;
    const [most] = [...this.#bytes].sort(([, one], [, other]) => other - one);
    if (most === undefined) return;
    const [leaving, held] = most;
    leaving.destroy(new CrowdedOut(held));
    this.hold(leaving, 0);
  }
}

/**
 * Node verifies a client after the handshake and cannot send an alert then. So it may do that for a missing
 * certificate either, or we could not show the certificates of those whom we refuse: we look ourselves.
 */
function createServer({ ca, cert, key, crl, clientCertificate }: CollectorOptions): tls.Server {
  const requestCert = clientCertificate !== 'none';
  try {
    return tls.createServer({
      ...{ cert, key, requestCert, rejectUnauthorized: false, minVersion: 'TLSv1.2', allowHalfOpen: true },
      ...(crl === undefined ? {} : { crl }),
      // Without any of its own Node would trust the authorities of the web.
      ca: ca ?? [],
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      // A resumed session shows no certificate, so none is offered; a renegotiated one might show another.
      secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    });
  } catch (error) {
    throw unusable(error);
  }
}

function refusalOf(client: Client): Refusal {
  const { address, verdict } = client;
  if (verdict.name === 'unverified') return { address, reason: verdict.reason, code: verdict.code, client };
  return { address, reason: 'no client certificate', code: '', client };
}
