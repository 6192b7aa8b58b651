/**
 * A TCP proxy that is the network between an agent and a collector, on its bad
 * days. It knows nothing of TLS.
 */
import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';

export interface Weather {
  /** Takes nothing and sends nothing, without closing: a cable pulled out. Also what was under way. */
  readonly blackHole?: boolean;
  /** Each way. */
  readonly delayMs?: number;
  /** Resets both sides when so many octets have gone from client to collector on this connection. */
  readonly cutAfterBytes?: number;
  /** Swallows a FIN instead of passing it on: one side believes in a connection that the other has ended. */
  readonly halfOpen?: boolean;
}

type Direction = 'toCollector' | 'toClient';

export class TcpProxy {
  /** Octets passed on since the start. */
  readonly passed: Record<Direction, number> = { toCollector: 0, toClient: 0 };
  /** All octets passed on, when asked to record. */
  readonly recorded: Record<Direction, Buffer[]> = { toCollector: [], toClient: [] };
  connections = 0;
  readonly #server: net.Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #forgotten: (readonly [Socket, Socket])[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #record: boolean;
  #weather: Weather = {};
  #target: number;

  static async listen(targetPort: number, { record = false } = {}): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort, record);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  private constructor(targetPort: number, record: boolean) {
    this.#target = targetPort;
    this.#record = record;
    this.#server = net.createServer({ allowHalfOpen: true }, (client) => this.#join(client));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Changes at once, for connections that are there as well. */
  set weather(weather: Weather) {
    this.#weather = weather;
    for (const pair of this.#pairs) for (const socket of pair) this.#applyTo(socket);
  }

  /** Where connections from now on lead. */
  set target(port: number) {
    this.#target = port;
  }

  /** Takes no more of the connections that there are, and says nothing; those from now on are passed. */
  forget(): void {
    for (const pair of this.#pairs) {
      this.#pairs.delete(pair);
      this.#forgotten.push(pair);
      for (const socket of pair) socket.removeAllListeners('data').removeAllListeners('end').pause();
    }
  }

  /** Resets all connections on both sides. */
  cut(): void {
    for (const pair of this.#pairs) this.#reset(pair);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const timer of this.#timers) clearTimeout(timer);
    for (const pair of [...this.#pairs, ...this.#forgotten]) for (const socket of pair) socket.destroy();
    await closed;
  }

  #join(client: Socket): void {
    this.connections += 1;
    const collector = net.connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true });
    const pair = [client, collector] as const;
    this.#pairs.add(pair);
    this.#pass(pair, client, collector, 'toCollector');
    this.#pass(pair, collector, client, 'toClient');
    for (const socket of pair) {
      this.#applyTo(socket);
      socket.on('error', () => this.#reset(pair));
      socket.on('close', () => client.destroyed && collector.destroyed && this.#pairs.delete(pair));
    }
  }

  #pass(pair: readonly [Socket, Socket], from: Socket, to: Socket, direction: Direction): void {
    let gone = 0;
    from.on('data', (bytes: Buffer) => {
      const { cutAfterBytes = Infinity } = this.#weather;
      const room = direction === 'toCollector' ? cutAfterBytes - gone : Infinity;
      const part = bytes.subarray(0, Math.max(0, room));
      gone += part.length;
      this.#later(() => {
        this.passed[direction] += part.length;
        if (this.#record) this.recorded[direction].push(part);
        if (!to.write(part)) this.#holdUntilDrained(from, to);
        if (part.length < bytes.length) this.#reset(pair);
      });
    });
    from.on('end', () => this.#later(() => this.#weather.halfOpen !== true && to.end()));
  }

  /** Order is kept as long as the delay does not change under way. */
  #later(act: () => void): void {
    const { delayMs = 0 } = this.#weather;
    if (delayMs === 0) {
      act();
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, delayMs);
    this.#timers.add(timer);
  }

  #holdUntilDrained(from: Socket, to: Socket): void {
    from.pause();
    to.once('drain', () => this.#applyTo(from));
  }

  #applyTo(socket: Socket): void {
    if (this.#weather.blackHole === true) socket.pause();
    else socket.resume();
  }

  #reset(pair: readonly [Socket, Socket]): void {
    this.#pairs.delete(pair);
    for (const socket of pair) if (!socket.destroyed) socket.resetAndDestroy();
  }
}
