/**
 * A Duplex around one TCP socket, so that TLS runs over it and both ends of
 * the connection can still be told apart from the ends of TLS.
 *
 * Over a plain socket Node shows a close_notify and a bare FIN as the same
 * 'end', and sends our FIN behind our close_notify at once. Here the FIN is
 * held back until `link/` has its verdict, and TLS learns of theirs only after
 * it has taken every byte that came before: an 'end' of TLS while
 * `finShown` is false can only be a close_notify (RFC 5425 section 4.4).
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

type Done = (error?: Error | null) => void;

export class Transport extends Duplex {
  /** Their FIN has come. */
  finSeen = false;
  /** TLS has been shown their FIN. */
  finShown = false;
  /** TLS has written its last, our close_notify, and the kernel has taken it. */
  closeNotifyLeft = false;
  /** Why the socket broke, if it did. */
  failure: Error | undefined;

  constructor(readonly socket: Socket) {
    // With autoDestroy the end of TLS would take the socket along, and with it
    // the sight of their FIN or reset.
    super({ autoDestroy: false, allowHalfOpen: true });
    socket.on('data', (bytes) => {
      // Once TLS has ended nothing is owed to it, but the FIN behind these octets is still wanted.
      if (!this.destroyed && !this.push(bytes)) socket.pause();
    });
    socket.on('end', () => this.#theirFin());
    socket.on('error', (error) => {
      this.failure ??= error;
      this.destroy(error);
    });
    socket.on('close', () => this.emit('socket-closed'));
    // TLS reports it; after the end of TLS nobody is left who could.
    this.on('error', () => undefined);
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#pass(this.socket.write(bytes), done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    this.socket.cork();
    let roomLeft = true;
    for (const { chunk } of chunks) roomLeft = this.socket.write(chunk);
    this.socket.uncork();
    this.#pass(roomLeft, done);
  }

  /** TLS is done writing. The socket stays open: our FIN waits for the verdict. */
  override _final(done: Done): void {
    if (!this.socket.destroyed) {
      this.socket.write(Buffer.alloc(0), (error) => {
        if (!error) this.closeNotifyLeft = true;
      });
    }
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    done(error);
  }

  #pass(roomLeft: boolean, done: Done): void {
    if (roomLeft || this.socket.destroyed) done();
    else this.socket.once('drain', done);
  }

  #theirFin(): void {
    this.finSeen = true;
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
