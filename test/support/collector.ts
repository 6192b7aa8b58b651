/** The product's test collector under test: it listens, keeps what it saw, and goes with the test; and plain clients for it. */
import type net from 'node:net';
import tls, { type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { ExecutionContext } from 'ava';
import type { Client } from '../../src/collector/client.js';
import { Collector, type CollectorOptions, type CollectorOutlet, type Refusal } from '../../src/collector/collector.js';
import type { Ending, Totals } from '../../src/collector/connection.js';
import { Unframer } from '../../src/syslog/rfc5425.js';
import type { TestPki } from './certificates.js';
import { silent } from './silent.js';
import { within } from './wait.js';

export interface WithPki {
  pki: TestPki;
}

export interface Seen {
  readonly clients: Client[];
  readonly refusals: Refusal[];
  readonly messages: string[];
  readonly ends: { readonly ending: Ending; readonly totals: Totals }[];
}

/** On a port of 127.0.0.1 that the system chooses. */
export async function listen(
  t: ExecutionContext<WithPki>,
  options: Partial<CollectorOptions> = {},
  outlet: Partial<CollectorOutlet> = {},
): Promise<{ collector: Collector; seen: Seen }> {
  const { ca, collector: identity } = t.context.pki;
  const seen: Seen = { clients: [], refusals: [], messages: [], ends: [] };
  const collector = await Collector.listen(
    {
      ...{ host: '127.0.0.1', port: 0, ca, cert: identity.cert, key: identity.key },
      ...{ clientCertificate: 'require', maxMessageBytes: 100_000, ...options },
    },
    {
      report: silent,
      unframe: (maxMessageBytes) => new Unframer({ maxMessageBytes }),
      onConnection: (client) => seen.clients.push(client),
      onRefused: (refusal) => seen.refusals.push(refusal),
      onMessage: (message) => void seen.messages.push(message.toString()),
      onEnd: (_, ending, totals) => void seen.ends.push({ ending, totals }),
      ...outlet,
    },
  );
  t.teardown(() => collector.close());
  return { collector, seen };
}

/** A client with the agent's certificate that reads and drops what it is told. */
export function connect(pki: TestPki, { address }: Collector, options: ConnectionOptions = {}): TLSSocket {
  const { cert, key } = pki.agent;
  const socket = tls.connect({ ...address, ca: pki.ca, cert, key, servername: 'localhost', ...options });
  socket.on('error', () => {});
  socket.resume();
  return socket;
}

export function closed(socket: net.Socket): Promise<void> {
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return within(gone, { what: 'the client socket to close' });
}
