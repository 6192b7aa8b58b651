/**
 * One client from its first octet to its last. Reading goes only as fast as the
 * output takes messages; close_notify is answered after everything that came
 * before it has been read and taken (RFC 5425 section 4.4), and never when
 * something was not: an answer is all the acknowledgement that a client gets.
 */
import type { TLSSocket } from 'node:tls';
import { reasonOf } from '../lib/errors.js';
import type { Client } from './client.js';
import type { Framer, Framing } from './framing.js';

export type Ending =
  /** The client ended it and has everything acknowledged. */
  | { readonly name: 'closed' }
  /** The client ended it inside a frame; these octets of it are dropped. */
  | { readonly name: 'cut-short'; readonly bytes: number }
  /** What came is no message. */
  | { readonly name: 'malformed'; readonly reason: string }
  /** We ended it inside a message of which so many octets had come, to have room for others. */
  | { readonly name: 'crowded-out'; readonly bytes: number }
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

/** With it a socket is destroyed whose client keeps too much unfinished. */
export class CrowdedOut extends Error {
  constructor(readonly bytes: number) {
    super('too much is unfinished');
  }
}

/** Serves the client to its end; never throws. `holds` hears after each read how many octets wait for the end of their message. */
export async function serve(
  socket: TLSSocket,
  client: Client,
  framer: Framer,
  outlet: Outlet,
  holds: (unfinishedBytes: number) => void,
): Promise<void> {
  const count = { messages: 0, bytes: 0 };
  const take = (message: Buffer, framing: Framing) => outlet.onMessage(message, client, framing);
  let ending = await read(socket, framer, count, take, holds);
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
  holds: (unfinishedBytes: number) => void,
): Promise<Ending> {
  const chunk = chunksOf(socket);
  for (;;) {
    const { bytes, broken } = await chunk();
    count.bytes += bytes?.length ?? 0;
    try {
      for (const message of completedBy(framer, bytes, broken !== undefined)) {
        const taken = onMessage(message, framer.framing ?? 'lines');
        if (taken !== undefined) await taken;
        count.messages += 1;
      }
    } catch (cause) {
      return { name: 'not-taken', cause };
    }
    holds(framer.unfinishedBytes);
    if (framer.fault !== undefined) return { name: 'malformed', reason: framer.fault };
    if (bytes === undefined && broken !== undefined) return broken;
    if (bytes === undefined) break;
  }
  const unfinished = framer.unfinishedBytes;
  return unfinished === 0 ? { name: 'closed' } : { name: 'cut-short', bytes: unfinished };
}

interface Chunk {
  /** `undefined`: there is nothing more. */
  readonly bytes: Buffer | undefined;
  /** The connection broke; `undefined`: it did not. */
  readonly broken: Ending | undefined;
}

/**
 * What was decrypted before the connection broke comes out as well: PHP closes without reading our session tickets,
 * which the kernel answers with a reset, and by then all of its message may be here.
 */
function chunksOf(socket: TLSSocket): () => Promise<Chunk> {
  const chunks: AsyncIterator<Buffer, undefined> = socket.iterator({ destroyOnReturn: false });
  let broken: Ending | undefined;
  return async () => {
    try {
      if (broken === undefined) return { bytes: (await chunks.next()).value, broken };
    } catch (error) {
      broken = breakOf(error);
    }
    // The iterator of a destroyed stream drops what the stream still holds.
    const bytes: Buffer | null = broken.name === 'lost' ? socket.read() : null;
    return { bytes: bytes ?? undefined, broken };
  };
}

function breakOf(error: unknown): Ending {
  if (error instanceof CrowdedOut) return { name: 'crowded-out', bytes: error.bytes };
  return { name: 'lost', reason: reasonOf(error) };
}

function completedBy(framer: Framer, bytes: Buffer | undefined, isBroken: boolean): Buffer[] {
  if (bytes !== undefined) return framer.feed(bytes);
  return isBroken ? framer.cutOff() : framer.end();
}
