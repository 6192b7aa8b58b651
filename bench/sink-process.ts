/** A collector as a process of its own that asks for a certificate, counts messages, and keeps none. Started by Sink. */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { FrameCounter } from './frame-counter.js';

const [caFile = '', certFile = '', keyFile = '', port = '0'] = process.argv.slice(2);
const TELL_MS = 20;

const counters: FrameCounter[] = [];
const server = createServer(
  {
    ca: readFileSync(caFile),
    cert: readFileSync(certFile),
    key: readFileSync(keyFile),
    requestCert: true,
    rejectUnauthorized: true,
  },
  (socket) => {
    const counter = new FrameCounter();
    counters.push(counter);
    socket.on('data', (octets) => counter.feed(octets));
    socket.on('error', () => undefined);
  },
);
server.listen(Number(port), '127.0.0.1', () =>
  process.send?.({ port: (server.address() as AddressInfo).port, messages: 0 }),
);

let told = 0;
setInterval(() => {
  const messages = counters.reduce((sum, counter) => sum + counter.messages, 0);
  if (messages === told) return;
  told = messages;
  process.send?.({ messages, connections: counters.length });
}, TELL_MS);
process.once('disconnect', () => process.exit(0));
