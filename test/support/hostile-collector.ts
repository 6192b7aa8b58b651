/**
 * A collector that does what collectors should not: see hostile-behaviour.ts.
 * Real sockets and real TLS; in this process, or by HostileProcess in one of
 * its own that can be stopped and killed. It writes each message to its file
 * before it counts it.
 */

import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import net, { type AddressInfo, type Socket } from 'node:net';
import type { Behaviour, Hangup } from './hostile-behaviour.js';
import { HostileConnection } from './hostile-connection.js';

export interface HostileOptions {
  /** Default: 127.0.0.1. */
  readonly address?: string;
  /** Default: the system chooses. */
  readonly port?: number;
  /** PEM. */
  readonly ca: string;
  /** PEM pairs: connection n shows the n-th, and the last one from then on. */
  readonly identities: readonly { readonly cert: string; readonly key: string }[];
  readonly behaviour?: Behaviour;
  /** Where messages go, appended; in memory when absent. */
  readonly store?: { readonly file: string; readonly as: 'frames' | 'lines' };
}

export interface Counts {
  /** TCP connections accepted. */
  readonly connections: number;
  readonly handshakes: number;
  /** Complete messages stored. */
  readonly messages: number;
  /** Times that a client said close_notify and we have seen it. */
  readonly closeNotifies: number;
  /** Answers to it that were taken back. */
  readonly resets: number;
}

export class HostileCollector {
  /** What was stored, when there is no file. */
  readonly messages: Buffer[] = [];
  /** Called when the behaviour is that of a process which ends now; in this process it only abandons its sockets. */
  onExit: () => void = () => this.#abandon();
  /** Called for each message stored, with the number of its connection, from 1. */
  onMessage: (connection: number) => void = () => {};
  /** Called after each change of the counts. */
  onCount: () => void = () => {};
  readonly #options: HostileOptions;
  readonly #server: net.Server;
  readonly #live = new Map<HostileConnection, Socket>();
  readonly #waiting: Socket[] = [];
  readonly #file: number | undefined;
  readonly #counts = { connections: 0, handshakes: 0, messages: 0, closeNotifies: 0, resets: 0 };
  #behaviour: Behaviour;
  #shown: HostileOptions['identities'][number] | undefined;
  #served = 0;

  static async listen(options: HostileOptions): Promise<HostileCollector> {
    const collector = new HostileCollector(options);
    collector.#server.listen(options.port ?? 0, options.address ?? '127.0.0.1');
    await once(collector.#server, 'listening');
    return collector;
  }

  private constructor(options: HostileOptions) {
    this.#options = options;
    this.#behaviour = options.behaviour ?? {};
    this.#file = options.store === undefined ? undefined : openSync(options.store.file, 'a', 0o600);
    this.#server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => this.#accept(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get counts(): Counts {
    return this.#counts;
  }

  /** For connections from now on. */
  behave(behaviour: Behaviour): void {
    this.#behaviour = behaviour;
  }

  /** To connections from now on. */
  show(identity: HostileOptions['identities'][number]): void {
    this.#shown = identity;
  }

  /** Ends all connections that there are. */
  async hangUp(how: Hangup): Promise<void> {
    await Promise.all([...this.#live.keys()].map((connection) => connection.hangUp(how)));
  }

  /** As a good daemon takes SIGTERM: no new connection, close_notify on each, and then the process would end. */
  async stopPolitely(): Promise<void> {
    this.#server.close();
    await Promise.all([...this.#live.keys()].map((connection) => connection.sayCloseNotify()));
    this.onExit();
  }

  async close(): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, 'close') : undefined;
    this.#abandon();
    await closed;
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #abandon(): void {
    this.#server.close();
    for (const socket of this.#waiting.splice(0)) socket.destroy();
    for (const connection of this.#live.keys()) connection.abandon();
  }

  #accept(socket: Socket): void {
    socket.on('error', () => {});
    this.#count('connections');
    if (this.#behaviour.oneAtATime === true && this.#live.size > 0) this.#waiting.push(socket);
    else this.#serve(socket);
  }

  #serve(socket: Socket): void {
    const { ca, identities } = this.#options;
    const identity = this.#shown ?? identities[Math.min(this.#served, identities.length - 1)];
    this.#served += 1;
    const number = this.#served;
    const connection = new HostileConnection(socket, { ca, ...identity }, this.#behaviour, {
      onHandshake: () => this.#count('handshakes'),
      onCloseNotify: () => this.#count('closeNotifies'),
      onReset: () => this.#count('resets'),
      onMessage: (message) => {
        this.#store(message);
        this.onMessage(number);
      },
      onExit: () => this.onExit(),
    });
    this.#live.set(connection, socket);
    socket.once('close', () => {
      this.#live.delete(connection);
      const next = this.#waiting.shift();
      if (next !== undefined) this.#serve(next);
    });
  }

  #store(message: Buffer): void {
    const { store } = this.#options;
    if (store === undefined || this.#file === undefined) this.messages.push(message);
    else if (store.as === 'lines') writeSync(this.#file, Buffer.concat([message, LF]));
    else writeSync(this.#file, Buffer.concat([Buffer.from(`${message.length} `), message]));
    this.#count('messages');
  }

  #count(what: keyof Counts): void {
    this.#counts[what] += 1;
    this.onCount();
  }
}

const LF = Buffer.from('\n');
