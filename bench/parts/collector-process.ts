/**
 * The measuring collector, a process of its own. It asks for a certificate,
 * notes which lines have come and when, and keeps no message. It ends each
 * connection as its level says: with a close_notify, with a bare FIN, or never.
 * Started by collector.ts, with its settings as JSON.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Counts, Settings } from './collector.js';
import { digitsIn, FrameReader } from './frame-reader.js';

const TELL_MS = 20;
const settings = JSON.parse(process.argv[2] ?? '') as Settings;

const counts = { messages: 0, lines: 0, repeated: 0, connections: 0 };
/** By the number of a line: when it came, in milliseconds of the machine's monotonic clock; 0 is not yet. */
let arrivals = new Float64Array(1 << 20);
let now = 0;

/** Where the number of a line stands in a message: behind one of these. In an audit message the row's name is in base64. */
const MARKS = { text: 'line ', row: '{"id":', audit: ' type="row" value="' };
const MARK = MARKS[settings.mark];

function onMessage(buffer: Buffer, start: number, end: number): void {
  counts.messages += 1;
  const found = buffer.indexOf(MARK, start, 'latin1');
  if (found === -1 || found >= end) return;
  const number = numberAt(buffer, found + MARK.length, end);
  if (number === 0) return;
  while (number >= arrivals.length) {
    const larger = new Float64Array(arrivals.length * 2);
    larger.set(arrivals);
    arrivals = larger;
  }
  if (arrivals[number] === 0) {
    arrivals[number] = now;
    counts.lines += 1;
  } else {
    counts.repeated += 1;
  }
}

function numberAt(buffer: Buffer, at: number, end: number): number {
  if (settings.mark !== 'audit') return digitsIn(buffer, at, Math.min(end, at + 12));
  const name = Buffer.from(buffer.toString('latin1', at, buffer.indexOf('"', at)), 'base64').toString('latin1');
  return Number(name.slice(name.lastIndexOf(':') + 1));
}

function onConnection(socket: TLSSocket): void {
  counts.connections += 1;
  const reader = new FrameReader();
  socket.on('data', (octets: Buffer) => {
    now = monotonicMs();
    reader.feed(octets, onMessage);
  });
  socket.on('error', () => undefined);
  // Node says close_notify when it ends a socket, and nothing when it destroys one: the kernel sends the FIN.
  socket.on('end', () => {
    if (settings.level === 'close-notify') socket.end();
    if (settings.level === 'fin') socket.destroy();
  });
}

function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

const server = createServer(
  {
    ca: readFileSync(settings.caFile),
    cert: readFileSync(settings.certFile),
    key: readFileSync(settings.keyFile),
    requestCert: true,
    rejectUnauthorized: true,
    allowHalfOpen: true,
  },
  onConnection,
);
server.listen(settings.port, '127.0.0.1', () => tell({ port: (server.address() as AddressInfo).port }));

function tell(more: { port?: number; saved?: string } = {}): void {
  process.send?.({ ...counts, ...more } satisfies Counts & { port?: number; saved?: string });
}

let told = '';
setInterval(() => {
  const state = JSON.stringify(counts);
  if (state !== told) tell();
  told = state;
}, TELL_MS);
// To write the arrivals to this file.
process.on('message', (file: string) => {
  writeFileSync(file, new Uint8Array(arrivals.buffer));
  tell({ saved: file });
});
process.once('disconnect', () => process.exit(0));
