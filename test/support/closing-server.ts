/**
 * A TLS server that reads everything and then ends a connection in exactly
 * one way, octet by octet: what a collector may do with our close_notify.
 */

import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { createSecureContext, type SecureVersion, TLSSocket } from 'node:tls';

export type ClosingStyle =
  /** close_notify, and FIN in a segment of its own a moment later */
  | 'close-notify-then-fin'
  /** both in one segment */
  | 'close-notify-with-fin'
  /** close_notify, and FIN only after the client's */
  | 'close-notify-waits'
  | 'fin'
  | 'reset'
  /** FIN as if all was well, then a reset at once */
  | 'fin-then-reset'
  | 'close-notify-then-reset'
  | 'nothing'
  /** Says it when told to, having read nothing since the handshake, and reads everything only then. */
  | 'close-notify-unasked'
  | 'fin-unasked';

export interface ClosingServer {
  readonly port: number;
  /** Octets of application data taken so far. */
  received(): number;
  /** For those that close unasked. */
  closeUnasked(): Promise<void>;
  close(): Promise<void>;
}

interface Pair {
  readonly cert: string;
  readonly key: string;
}

export async function startClosingServer(
  pair: Pair,
  ca: string,
  style: ClosingStyle,
  version: SecureVersion,
): Promise<ClosingServer> {
  let received = 0;
  let hasStoppedReading: (closeUnasked: () => void) => void;
  const stoppedReading = new Promise<() => void>((resolve) => {
    hasStoppedReading = resolve;
  });
  const sockets = new Set<Socket>();
  const secureContext = createSecureContext({ ...pair, ca, minVersion: version, maxVersion: version });
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    const gate = new Gate(socket);
    const tls = new TLSSocket(gate, { isServer: true, secureContext, requestCert: true, rejectUnauthorized: true });
    tls.on('error', () => undefined);
    if (style === 'close-notify-unasked' || style === 'fin-unasked') {
      tls.once('secure', () => {
        gate.stopReading();
        hasStoppedReading(() => {
          if (style === 'fin-unasked') socket.end();
          else tls.end();
          gate.readOn();
        });
      });
    }
    tls.on('data', (bytes: Buffer) => {
      received += bytes.length;
    });
    // Their close_notify: TLS answers into the closed gate, and the style says what becomes of the answer.
    tls.on('end', () => {
      gate.close();
      tls.end();
      void answer(style, socket, gate);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    received: () => received,
    closeUnasked: async () => (await stoppedReading)(),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

async function answer(style: ClosingStyle, socket: Socket, gate: Gate): Promise<void> {
  const closeNotify = await gate.held();
  switch (style) {
    case 'close-notify-then-fin':
      socket.write(closeNotify, () => setImmediate(() => socket.end()));
      return;
    case 'close-notify-with-fin':
      socket.cork();
      socket.write(closeNotify);
      socket.end();
      return;
    case 'close-notify-waits':
      socket.write(closeNotify);
      socket.on('end', () => socket.end());
      return;
    case 'fin':
      socket.end();
      return;
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'fin-then-reset':
      socket.end(() => socket.resetAndDestroy());
      return;
    case 'close-notify-then-reset':
      socket.end(closeNotify, () => socket.resetAndDestroy());
      return;
    case 'nothing':
    case 'close-notify-unasked':
    case 'fin-unasked':
      return;
    default:
      style satisfies never;
  }
}

/** Between TLS and the socket; once closed it keeps what TLS writes. */
class Gate extends Duplex {
  #closed = false;
  #reads = true;
  #kept: Buffer[] = [];
  #announce: () => void = () => undefined;

  constructor(private readonly socket: Socket) {
    super({ autoDestroy: false, allowHalfOpen: true });
    socket.on('data', (bytes) => this.push(bytes));
    socket.on('end', () => this.push(null));
    this.on('error', () => undefined);
  }

  close(): void {
    this.#closed = true;
  }

  /** What comes stays with the kernel, until `readOn`. */
  stopReading(): void {
    this.#reads = false;
    this.socket.pause();
  }

  readOn(): void {
    this.#reads = true;
    this.socket.resume();
  }

  async held(): Promise<Buffer> {
    if (this.#kept.length === 0) {
      await new Promise<void>((resolve) => {
        this.#announce = resolve;
      });
    }
    return Buffer.concat(this.#kept);
  }

  override _read(): void {
    if (this.#reads) this.socket.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (!this.#closed) {
      this.socket.write(bytes, done);
      return;
    }
    this.#kept.push(bytes);
    this.#announce();
    done();
  }

  override _final(done: (error?: Error | null) => void): void {
    done();
  }
}
