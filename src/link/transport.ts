/**
 * Transport: a Duplex between TLS and one TCP socket, so that the end of TLS and the
 * end of the connection can be told apart.
 *
 * Over a plain socket Node shows a close_notify and a bare FIN as the same
 * 'end', and sends our FIN behind our close_notify at once. Here the FIN is
 * held back until `link/` has its verdict, and TLS learns of theirs only after
 * it has taken every byte that came before: an 'end' of TLS while
 * `finShown` is false can only be a close_notify (RFC 5425 section 4.4).
 */
import { Duplex, type Writable } from 'node:stream';
import type { RawSocket } from '../lib/network.js';

type Done = (error?: Error | null) => void;

export class Transport extends Duplex {
  /** Their FIN has come. */
  finSeen = false;
  /** It came before all that we had to say, close_notify at the end, was with the kernel: it answers nothing. */
  finUnasked = false;
  /** TLS has been shown their FIN. */
  finShown = false;
  #tls: Writable | undefined;
  #closeNotifyWritten = false;
  /** Why the socket broke, if it did. */
  failure: Error | undefined;

  constructor(readonly socket: RawSocket) {
    // With autoDestroy the end of TLS would take the socket along, and with it
    // the sight of their FIN or reset.
    super({ autoDestroy: false, allowHalfOpen: true });
    socket.on('data', (bytes) => {
      // Once TLS has ended it needs no more data, but we still wait for the FIN behind it.
      if (!this.destroyed && !this.push(bytes)) socket.pause();
    });
    socket.on('end', () => this.#theirFin());
    socket.on('error', (error) => {
      this.failure ??= error;
      this.destroy(error);
    });
    socket.on('close', () => this.emit('socket-closed'));
    // TLS reports the error; after the end of TLS it has no listener.
    this.on('error', () => undefined);
  }

  /** The TLS socket that runs over this transport. */
  carries(tls: Writable): void {
    this.#tls = tls;
  }

  /** The kernel has taken our close_notify and all before it. */
  get closeNotifyLeft(): boolean {
    return this.#closeNotifyWritten && this.writableLength === 0 && this.socket.writableLength === 0;
  }

  /** TLS has nothing to say behind its close_notify (RFC 8446 section 6.1), but OpenSSL answers a request for new keys even then. */
  override write(bytes: unknown, encoding?: BufferEncoding | Done, done?: Done): boolean {
    if (!this.writableEnded) return super.write(bytes, encoding as BufferEncoding, done);
    const written = typeof encoding === 'function' ? encoding : done;
    if (written !== undefined) setImmediate(written);
    return true;
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#watchForCloseNotify();
    this.#pass(this.socket.write(bytes), done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    this.#watchForCloseNotify();
    this.socket.cork();
    let roomLeft = true;
    for (const { chunk } of chunks) roomLeft = this.socket.write(chunk);
    this.socket.uncork();
    this.#pass(roomLeft, done);
  }

  /** TLS is done writing. The socket stays open: our FIN waits for the verdict. */
  override _final(done: Done): void {
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    done(error);
  }

  #pass(roomLeft: boolean, done: Done): void {
    if (roomLeft || this.socket.destroyed) done();
    else this.socket.once('drain', done);
  }

  /**
   * Once TLS has been ended and all its messages are written, what it writes is our close_notify. The end of this
   * stream cannot tell: Node ends it a turn later, and the answer may have come by then.
   */
  #watchForCloseNotify(): void {
    if (this.#tls?.writableEnded && this.#tls.writableLength === 0) this.#closeNotifyWritten = true;
  }

  #theirFin(): void {
    this.finSeen = true;
    this.finUnasked = !this.closeNotifyLeft;
    this.emit('fin');
    const show = () => {
      if (this.destroyed) return;
      // A close_notify may lie in what has been read but not yet been decrypted.
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
