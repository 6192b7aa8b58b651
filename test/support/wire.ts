/**
 * The octets between TLS and a TCP socket, with everything in reach that TLS
 * and Node do by themselves otherwise: when our FIN goes, whether a reset goes
 * instead, whether anything is read, and what the peer's TLS records are. TLS
 * runs over this Duplex.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

type Done = (error?: Error | null) => void;

/** A record's header is type, version, length: 5 octets (RFC 8446 section 5.1). */
const HEADER = 5;

export const RECORD = { alert: 21, handshake: 22, applicationData: 23 } as const;

export interface TlsRecord {
  readonly type: number;
  /** Octets after the header. */
  readonly length: number;
  /** The first octet after the header: the kind of a handshake message, unless it is encrypted. */
  readonly first: number;
}

export interface WireOptions {
  /** Sees each record of the peer when it arrives; `withhold` keeps it, and all that follow, from TLS for ever. */
  readonly onRecord?: (record: TlsRecord) => 'pass' | 'withhold';
  /** Sees all octets before TLS's are sent; `drop` sends none of them. */
  readonly onSend?: (bytes: Buffer) => 'pass' | 'drop';
}

/** Emits `fin` at the peer's FIN, `broken` at its reset and `tls-ended` when TLS has written its last, close_notify. */
export class Wire extends Duplex {
  /** TLS has been told of the peer's FIN: what it ended by before was a close_notify. */
  finShown = false;
  /** Octets of the newest records to keep from TLS: a process that has not read them yet. Needs `onRecord`. */
  holdBackBytes = 0;
  readonly #options: WireOptions;
  readonly #held: Buffer[] = [];
  #partial: Buffer = Buffer.alloc(0);
  #state: 'reading' | 'stopped' | 'discarding' = 'reading';

  constructor(
    readonly socket: Socket,
    options: WireOptions = {},
  ) {
    super({ autoDestroy: false, allowHalfOpen: true });
    this.#options = options;
    socket.on('data', (bytes: Buffer) => this.#arrive(bytes));
    socket.on('end', () => this.#end());
    socket.on('error', () => this.emit('broken'));
    this.on('error', () => {});
  }

  /** Leaves what comes from now on in the kernel's buffers, but for the one read (64 KiB) that Node is ahead. */
  stopReading(): void {
    this.#state = 'stopped';
    this.socket.pause();
  }

  /** FIN, whatever TLS thinks; what still comes is dropped. */
  fin(): void {
    this.socket.end();
    if (this.#state === 'stopped') return;
    this.#state = 'discarding';
    this.socket.resume();
  }

  /** RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  override _read(): void {
    if (this.#state === 'reading') this.socket.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (this.socket.destroyed || this.#options.onSend?.(bytes) === 'drop') done();
    else this.socket.write(bytes, () => done());
  }

  /** The end of TLS is not the end of the connection: `fin` and `reset` are. */
  override _final(done: Done): void {
    done();
    this.emit('tls-ended');
  }

  override _destroy(_error: Error | null, done: Done): void {
    done();
  }

  #arrive(bytes: Buffer): void {
    if (this.#state === 'discarding' || this.destroyed) return;
    if (this.#options.onRecord === undefined) {
      if (!this.push(bytes)) this.socket.pause();
      return;
    }
    const all = this.#partial.length === 0 ? bytes : Buffer.concat([this.#partial, bytes]);
    let at = 0;
    while (this.#state !== 'discarding' && all.length > at + HEADER) {
      const end = at + HEADER + all.readUInt16BE(at + 3);
      if (all.length < end) break;
      const record = { type: all[at]!, length: end - at - HEADER, first: all[at + HEADER]! };
      if (this.#options.onRecord(record) === 'withhold') this.#state = 'discarding';
      else this.#held.push(all.subarray(at, end));
      at = end;
    }
    this.#partial = all.subarray(at);
    this.#release();
  }

  #release(): void {
    let held = this.#held.reduce((sum, { length }) => sum + length, 0);
    let roomLeft = true;
    while (this.#held.length > 0 && held - this.#held[0]!.length >= this.holdBackBytes) {
      const record = this.#held.shift()!;
      held -= record.length;
      roomLeft = this.push(record);
    }
    // What is held back has been read from the kernel and must go on being read, or the newest never arrives.
    if (!roomLeft && this.holdBackBytes === 0) this.socket.pause();
  }

  #end(): void {
    this.emit('fin');
    // A close_notify may have come together with the FIN: TLS sees it first.
    const show = () => {
      if (this.destroyed) return;
      if (this.readableLength > 0) {
        setImmediate(show);
        return;
      }
      this.finShown = true;
      this.push(null);
    };
    setImmediate(() => setImmediate(show));
  }
}
