/**
 * One client from its first octet to its last. Reading goes only as fast as the
 * output takes messages; close_notify is answered after everything that came
 * before it has been read and taken (RFC 5425 section 4.4), and never when
 * something was not: an answer is all the acknowledgement that a client gets.
 */
import type { TLSSocket } from 'node:tls';
import { reasonOf } from '../lib/errors.js';
import type { Client } from './client.js';
import { Framer, type Framing, type Unframer } from './framing.js';

export type Ending =
  /** The client ended it and has everything acknowledged. */
  | { readonly name: 'closed' }
  /** The client ended it inside a frame; these octets of it are dropped. */
  | { readonly name: 'cut-short'; readonly bytes: number }
  /** What came is no message. */
  | { readonly name: 'malformed'; readonly reason: string }
  | { readonly name: 'lost'; readonly reason: string }
  /** Our output could not take a message; the client is left without an answer. */
  | { readonly name: 'not-taken'; readonly cause: unknown };

export interface Totals {
  readonly messages: number;
  /** Octets received inside TLS. */
  readonly bytes: number;
  readonly framing: Framing | undefined;
}

export interface Outlet {
  /** Called in order, never twice at once for one client. While its promise is open the client is not read. */
  onMessage(message: Buffer, client: Client, framing: Framing): void | Promise<void>;
  /** Everything of this client has been handed over; close_notify is answered when this has settled. */
  onEnd(client: Client, ending: Ending, totals: Totals): void | Promise<void>;
}

/** Serves the client to its end; never throws. */
export async function serve(
  socket: TLSSocket,
  client: Client,
  unframer: Unframer,
  maxMessageBytes: number,
  outlet: Outlet,
): Promise<void> {
  const framer = new Framer(unframer, maxMessageBytes);
  const count = { messages: 0, bytes: 0 };
  let ending = await read(socket, framer, count, (message, framing) => outlet.onMessage(message, client, framing));
  try {
    await outlet.onEnd(client, ending, { ...count, framing: framer.framing });
  } catch (cause) {
    ending = { name: 'not-taken', cause };
  }
  // Without close_notify a sender that waits for its acknowledgement knows that it has none.
  if (ending.name === 'closed') socket.end();
  else socket.destroy();
}

async function read(
  socket: TLSSocket,
  framer: Framer,
  count: { messages: number; bytes: number },
  onMessage: (message: Buffer, framing: Framing) => void | Promise<void>,
): Promise<Ending> {
  const chunks: AsyncIterator<Buffer, undefined> = socket.iterator({ destroyOnReturn: false });
  for (;;) {
    let chunk: IteratorResult<Buffer, undefined>;
    try {
      chunk = await chunks.next();
    } catch (error) {
      return { name: 'lost', reason: reasonOf(error) };
    }
    const bytes = chunk.value;
    count.bytes += bytes?.length ?? 0;
    try {
      for (const message of bytes === undefined ? framer.end() : framer.feed(bytes)) {
        const taken = onMessage(message, framer.framing ?? 'lines');
        if (taken !== undefined) await taken;
        count.messages += 1;
      }
    } catch (cause) {
      return { name: 'not-taken', cause };
    }
    if (framer.fault !== undefined) return { name: 'malformed', reason: framer.fault };
    if (bytes === undefined) break;
  }
  const unfinished = framer.unfinishedBytes;
  return unfinished === 0 ? { name: 'closed' } : { name: 'cut-short', bytes: unfinished };
}
