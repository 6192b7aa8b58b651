/**
 * A plain TLS client that sees how the other side ends: close_notify, FIN and
 * reset told apart, which Node's own client does not show.
 */
import { once } from 'node:events';
import net from 'node:net';
import tls, { type TLSSocket } from 'node:tls';
import { isKnown } from './kernel.js';
import { until, within } from './wait.js';
import { Wire } from './wire.js';

export interface WireClientOptions {
  readonly port: number;
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly version?: 'TLSv1.2' | 'TLSv1.3';
}

// Whose certificate it is, is not this client's matter; that the authority signed it still is.
const checkServerIdentity = () => undefined;

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
    this.#wire.on('fin', () => {
      // libuv shows a reset as an end when it has just read something (POLLHUP after a partial read).
      this.signs.push(isKnown(socket.localPort ?? 0, port) ? 'FIN' : 'reset');
    });
    this.#wire.on('broken', () => this.signs.push('reset'));
    const versions = version === undefined ? {} : { minVersion: version, maxVersion: version };
    this.tls = tls.connect({
      socket: this.#wire,
      servername: 'localhost',
      checkServerIdentity,
      ...identity,
      ...versions,
    });
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

  get localPort(): number {
    return this.#wire.socket.localPort ?? 0;
  }

  /** Resolves when the handshake is done as far as a client can tell; under TLS 1.3 the collector is not there yet. */
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
