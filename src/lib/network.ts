/**
 * The network as an argument: exactly what a connection to a collector asks of
 * it and nothing more, so that tests can cut, delay and reset connections
 * without a kernel.
 */
import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Endpoints, type KernelSocketReading, readKernelSocket } from './kernel-socket.js';

/** One TCP connection, as a `net.Socket` is: its FIN ends the readable side, a reset is an error. */
export interface RawSocket extends Duplex {
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly bytesRead: number;
  /** Ends it, and destroys it once all has been written. */
  destroySoon(): void;
}

export interface Network {
  /**
   * Opens a TCP connection that stays half open when the other side ends it: their FIN must not make Node send ours.
   * Rejects with the system's error, or with the signal's reason when that aborts first.
   */
  connect(to: { readonly address: string; readonly port: number }, signal: AbortSignal): Promise<RawSocket>;
  /** Addresses of a name. Cannot be called off, and a resolver may hang. */
  lookup(name: string): Promise<readonly string[]>;
  /** What the kernel knows of a connection and Node does not tell. */
  kernelSocket(endpoints: Endpoints): Promise<KernelSocketReading>;
}

/** Until this much idle time the kernel sends no probe; the middleboxes that forget connections do so after minutes. */
const KEEPALIVE_MS = 30_000;

export const systemNetwork: Network = {
  connect: ({ address, port }, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const socket = connect({
        host: address,
        port,
        allowHalfOpen: true,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEPALIVE_MS,
      });
      const settle = (error?: unknown) => {
        signal.removeEventListener('abort', abandon);
        socket.off('error', settle);
        if (error === undefined) return resolve(socket);
        socket.destroy();
        reject(error);
      };
      const abandon = () => settle(signal.reason);
      signal.addEventListener('abort', abandon);
      socket.once('error', settle);
      socket.once('connect', () => settle());
    }),
  lookup: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
  kernelSocket: readKernelSocket,
};
