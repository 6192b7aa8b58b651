/** A collector on a network in memory: real TLS that asks for our certificate, messages kept in the order in which they came. */
import { createServer, type TLSSocket } from 'node:tls';
import type { MemoryNetwork, MemorySocket } from './memory-network.js';
import { splitFrames } from './split-frames.js';

export interface MemoryCollectorOptions {
  readonly address: string;
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export class MemoryCollector {
  readonly messages: Buffer[] = [];
  /** What follows the client's close_notify. */
  close: 'answer' | 'answer-then-reset' | 'fin' | 'reset' | 'never' = 'answer';
  /** Handshakes done. */
  connections = 0;
  readonly #live = new Set<MemorySocket>();
  #stopListening: (() => void) | undefined;

  constructor(
    private readonly network: MemoryNetwork,
    private readonly options: MemoryCollectorOptions,
  ) {}

  start(): void {
    this.#stopListening = this.network.listen(this.options, (socket) => this.#accept(socket));
  }

  /** As a process that is killed: nobody listens any more, and its connections end as the kernel ends them. */
  kill(): void {
    this.#stopListening?.();
    for (const socket of this.#live) socket.destroy();
  }

  #accept(socket: MemorySocket): void {
    this.#live.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#live.delete(socket));
    const { ca, cert, key } = this.options;
    const server = createServer({ ca, cert, key, requestCert: true, rejectUnauthorized: true });
    server.on('tlsClientError', () => undefined);
    server.on('secureConnection', (tls) => this.#serve(tls, socket));
    server.emit('connection', socket);
  }

  #serve(tls: TLSSocket, socket: MemorySocket): void {
    this.connections += 1;
    let rest: Buffer = Buffer.alloc(0);
    tls.on('error', () => undefined);
    tls.on('data', (bytes: Buffer) => {
      const split = splitFrames(Buffer.concat([rest, bytes]));
      rest = split.rest;
      this.messages.push(...split.messages);
    });
    tls.on('end', () => {
      switch (this.close) {
        case 'never':
          return;
        case 'fin':
          return socket.end();
        case 'reset':
          return socket.resetAndDestroy();
        case 'answer-then-reset':
          socket.once('finish', () => socket.resetAndDestroy());
      }
      tls.end();
    });
  }
}
