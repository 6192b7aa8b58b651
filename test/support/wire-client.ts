/**
 * A plain TLS client that sees how the other side ends: close_notify, FIN and
 * reset told apart, which Node's own client does not show.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls, { type TLSSocket } from 'node:tls';
import { until, within } from './wait.js';
import { Wire } from './wire.js';

export interface WireClientOptions {
  readonly port: number;
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly version?: 'TLSv1.2' | 'TLSv1.3';
}

/** In the order in which it came. */
export type Sign = 'close_notify' | 'FIN' | 'reset';

export class WireClient {
  readonly signs: Sign[] = [];
  /** Application data from the other side. */
  received = '';
  /** What OpenSSL objected to, for example an alert. */
  error: (Error & { code?: string }) | undefined;
  readonly #wire: Wire;
  readonly tls: TLSSocket;

  constructor({ port, version, ...identity }: WireClientOptions) {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.#wire = new Wire(socket);
    this.#wire.on('fin', () => this.signs.push(isInKernel(socket) ? 'FIN' : 'reset'));
    this.#wire.on('broken', () => this.signs.push('reset'));
    const versions = version === undefined ? {} : { minVersion: version, maxVersion: version };
    this.tls = tls.connect({ socket: this.#wire, servername: 'localhost', ...identity, ...versions });
    this.tls.on('data', (bytes: Buffer) => {
      this.received += bytes.toString('latin1');
    });
    this.tls.on('error', (error) => {
      this.error ??= error;
    });
    this.tls.on('end', () => {
      if (!this.#wire.finShown) this.signs.unshift('close_notify');
    });
  }

  /** Resolves when the handshake is done. */
  async connected(): Promise<this> {
    if (!this.tls.getFinished()) await within(once(this.tls, 'secureConnect'), { what: 'the TLS handshake' });
    return this;
  }

  /** Resolves when the kernel has it. */
  async write(bytes: string | Buffer): Promise<void> {
    await new Promise<void>((resolve) => this.tls.write(bytes, () => resolve()));
  }

  /** close_notify; the FIN is held back. */
  sayCloseNotify(): void {
    this.tls.end();
  }

  /** Waits for the other side's FIN or reset, or an error in TLS, and gives all signs so far. */
  async ending(): Promise<readonly Sign[]> {
    await until(() => this.signs.includes('FIN') || this.signs.includes('reset'), { what: 'FIN or reset' });
    await until(() => this.signs.includes('reset') || this.#wire.finShown || this.#wire.destroyed, {
      what: 'the end of TLS',
    });
    return this.signs;
  }

  /** FIN. */
  fin(): void {
    this.#wire.fin();
  }

  destroy(): void {
    this.#wire.socket.destroy();
  }
}

/**
 * libuv shows a reset as an end when it has just read something (POLLHUP after a partial read): a socket that
 * the kernel does not know any more was reset.
 */
function isInKernel({ localPort }: net.Socket): boolean {
  const port = (localPort ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return new RegExp(`^ *\\d+: [0-9A-F]{8}:${port} `, 'm').test(readFileSync('/proc/self/net/tcp', 'latin1'));
}
