/**
 * One connection of a hostile collector: a real TLS server over a wire, which
 * behaves as it is told.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import tls, { type TLSSocket, type TlsOptions } from 'node:tls';
import type { Behaviour, Hangup, Send } from './hostile-behaviour.js';
import { splitFrames } from './split-frames.js';
import { type Alert, AlertForge, plainAlert } from './tls-alert.js';
import { RECORD, type TlsRecord, Wire } from './wire.js';

export interface ConnectionOutlet {
  onHandshake(): void;
  onMessage(message: Buffer): void;
  onCloseNotify(): void;
  onReset(): void;
  /** To behave like a process that is told to stop, the process must end now. */
  onExit(): void;
}

// The suites whose records an AlertForge can write.
const CIPHERS =
  'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384';
// RFC 8446 section 5.2: level, description, their type and the tag. No frame makes so short a record.
const ALERT_LENGTH_13 = 19;
const CERTIFICATE = 11;

/** Not at once, but while a sender still looks whether its connection was reset. */
const RESET_AFTER_MS = 120;

export class HostileConnection {
  readonly #wire: Wire;
  readonly #forge = new AlertForge();
  readonly #behaviour: Behaviour;
  readonly #outlet: ConnectionOutlet;
  readonly #timers = new Set<NodeJS.Timeout>();
  #tls: TLSSocket | undefined;
  #muted = false;
  #over = false;
  #closeNotify: Promise<void> | undefined;
  #taken = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, options: TlsOptions, behaviour: Behaviour, outlet: ConnectionOutlet) {
    this.#behaviour = behaviour;
    this.#outlet = outlet;
    this.#wire = new Wire(socket, {
      onRecord: (record) => this.#onRecord(record),
      onSend: (bytes) => this.#onSend(bytes),
    });
    socket.once('close', () => this.#stopTaking());
    if (behaviour.handshake === 'never') this.#wire.stopReading();
    else this.#shakeHands(options);
  }

  /** Ends the connection. */
  async hangUp(how: Hangup): Promise<void> {
    this.#stopTaking();
    if (how === 'reset') return this.#wire.reset();
    if (how === 'close-notify') await this.sayCloseNotify();
    this.#wire.fin();
  }

  /** Resolves when the kernel has our close_notify, or can have nothing any more. No FIN follows by itself. */
  sayCloseNotify(): Promise<void> {
    this.#stopTaking();
    this.#closeNotify ??= this.#endTls();
    return this.#closeNotify;
  }

  /** What the end of its process does to a connection; the kernel resets it when it holds unread octets. */
  abandon(): void {
    this.#stopTaking();
    this.#wire.socket.destroy();
  }

  #shakeHands(options: TlsOptions): void {
    const { tls: version } = this.#behaviour;
    const server = tls.createServer({
      ...{ ...options, ciphers: CIPHERS, requestCert: true, rejectUnauthorized: false },
      ...(version === undefined ? { minVersion: 'TLSv1.2' } : { minVersion: version, maxVersion: version }),
    });
    server.on('keylog', (line) => this.#forge.keep(line));
    server.on('tlsClientError', () => this.#wire.fin());
    server.on('secureConnection', (socket) => this.#secured(socket));
    // A client that gave up while it waited to be served: Node's server would keep its connection.
    this.#wire.on('end', () => this.#tls === undefined && this.#wire.fin());
    server.emit('connection', this.#wire);
  }

  #secured(socket: TLSSocket): void {
    this.#tls = socket;
    socket.on('error', () => {});
    this.#outlet.onHandshake();
    const { handshake, send, read, close, idle } = this.#behaviour;
    if (handshake === 'then-close') return void this.hangUp('close-notify');
    if (typeof handshake === 'object') {
      this.#wire.socket.write(this.#forge.forge(handshake.refuse));
      return void this.hangUp('fin');
    }
    if (send !== undefined) this.#send(socket, send);
    if (read === 'nothing') {
      this.#wire.stopReading();
      return;
    }
    if (typeof close === 'object') this.#wire.holdBackBytes = close.stopWithUnreadBytes;
    socket.on('end', () => this.#theirEnd());
    this.#wire.on('fin', () => this.#over && this.#wire.fin());
    if (idle !== undefined) this.#hangUpWhenIdle(socket, idle);
    if (read === undefined) socket.on('data', (bytes: Buffer) => this.#take(bytes));
    else this.#readSlowly(socket, read.bytesPerSecond);
  }

  #theirEnd(): void {
    if (this.#over) return;
    if (this.#wire.finShown) return void this.hangUp('fin');
    this.#outlet.onCloseNotify();
    const close = this.#behaviour.close ?? 'answer';
    if (close === 'never') return;
    // When it was to stop in the middle, it did so at the record, before TLS could tell us.
    if (typeof close === 'object') return;
    if (close === 'answer-then-reset') return void this.#answerThenReset();
    if (close === 'answer-without-fin') return void this.sayCloseNotify();
    void this.hangUp(close === 'answer' ? 'close-notify' : close);
  }

  async #answerThenReset(): Promise<void> {
    await this.hangUp('close-notify');
    const reset = () => {
      this.#wire.socket.resetAndDestroy();
      this.#outlet.onReset();
    };
    this.#timers.add(setTimeout(reset, RESET_AFTER_MS));
  }

  #onRecord({ type, length, first }: TlsRecord): 'pass' | 'withhold' {
    const { handshake, send, close } = this.#behaviour;
    if (this.#tls === undefined) {
      if (typeof handshake === 'object' && type === RECORD.handshake && first === CERTIFICATE) {
        this.#wire.socket.write(plainAlert(handshake.refuse));
        void this.hangUp('fin');
        return 'withhold';
      }
      // TLS 1.3: all that the server sends from here on, session tickets, would take the record number of our alert.
      const alerts = typeof handshake === 'object' || (typeof send === 'object' && 'alert' in send);
      this.#muted ||= alerts && type === RECORD.applicationData;
    } else if (typeof close === 'object' && this.#isCloseNotify(type, length)) {
      this.#outlet.onCloseNotify();
      void this.sayCloseNotify().then(() => this.#outlet.onExit());
    }
    return 'pass';
  }

  #isCloseNotify(type: number, length: number): boolean {
    if (type === RECORD.alert) return true;
    return type === RECORD.applicationData && length === ALERT_LENGTH_13 && this.#tls?.getProtocol() === 'TLSv1.3';
  }

  #onSend(bytes: Buffer): 'pass' | 'drop' {
    if (this.#muted) return 'drop';
    this.#forge.overhear(bytes);
    return 'pass';
  }

  #send(socket: TLSSocket, send: Send): void {
    if (send === 'rubbish') this.#wire.socket.write('SSH-2.0-OpenSSH_9.2 and this is no TLS record\r\n');
    else if ('text' in send) socket.write(send.text);
    else this.#sendAlert(send.alert);
  }

  #sendAlert(alert: Alert): void {
    // Under TLS 1.2 the handshake is done when our Finished is made, a moment before it is sent.
    if (this.#forge.ready) this.#wire.socket.write(this.#forge.forge(alert));
    else setImmediate(() => this.#sendAlert(alert));
  }

  #take(bytes: Buffer): void {
    if (this.#over) return;
    const { cut, drop } = this.#behaviour;
    const room = cut === undefined ? bytes.length : Math.max(0, cut.afterBytes - this.#taken);
    this.#taken += bytes.length;
    const { messages, rest } = splitFrames(Buffer.concat([this.#rest, bytes.subarray(0, room)]));
    this.#rest = rest;
    for (const message of messages) {
      if (drop !== undefined && message.includes(drop.text)) return void this.hangUp(drop.how);
      this.#outlet.onMessage(message);
    }
    if (cut !== undefined && this.#taken >= cut.afterBytes) void this.hangUp(cut.how);
  }

  #readSlowly(socket: TLSSocket, bytesPerSecond: number): void {
    const everyMs = Math.max(50, 1000 / bytesPerSecond);
    const share = Math.max(1, Math.floor((bytesPerSecond * everyMs) / 1000));
    // Without a listener for 'data' or 'readable' nothing flows by itself; read(0) makes the end show.
    const read = () => {
      const bytes: Buffer | null = socket.read(Math.min(share, socket.readableLength));
      if (bytes !== null && bytes.length > 0) this.#take(bytes);
    };
    this.#timers.add(setInterval(read, everyMs));
  }

  #hangUpWhenIdle(socket: TLSSocket, { afterMs, how }: { afterMs: number; how: Hangup }): void {
    const timer = setTimeout(() => void this.hangUp(how), afterMs);
    this.#timers.add(timer);
    socket.on('data', () => timer.refresh());
  }

  async #endTls(): Promise<void> {
    const { socket } = this.#wire;
    if (this.#tls === undefined || socket.destroyed) return;
    const gone = new AbortController();
    const { signal } = gone;
    const left = [once(this.#wire, 'tls-ended', { signal }), once(socket, 'close', { signal })];
    this.#tls.end();
    // A client that is gone cannot be told; that is an end as well.
    await Promise.race(left).catch(() => undefined);
    gone.abort();
    await Promise.allSettled(left);
  }

  #stopTaking(): void {
    this.#over = true;
    for (const timer of this.#timers) clearInterval(timer);
  }
}
