/**
 * Clients that are a burden, in a process of their own: many that say nothing,
 * many that ask and never read the answer, a few that send without end. Started
 * by crowd.ts, with what they are to do as JSON.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Behaviour, Crowd } from './crowd.js';

const { port, behaviour, clients, caFile, certFile, keyFile } = JSON.parse(process.argv[2] ?? '') as Crowd;
const TICK_MS = 100;
const OCTETS_A_TICK = (1024 * 1024 * TICK_MS) / 1000;
const AT_ONCE = 200;

const BEHAVIOURS: Record<Behaviour, (socket: Socket) => void> = {
  silent: (socket) => socket.resume(),
  'never reads': (socket) => {
    socket.pause();
    // Many answers, so that they do not all fit into the kernel's buffers.
    socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(200));
  },
  'header without end': (socket) => {
    socket.resume();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-Filler: ');
    flood(socket);
  },
  // Just within what `listen` takes as one message.
  'message without end': (socket) => {
    socket.resume();
    socket.write('16000000 <85>1 - - - - - - ');
    flood(socket);
  },
};

function flood(socket: Socket): void {
  const octets = Buffer.alloc(OCTETS_A_TICK, 'x');
  const timer = setInterval(() => socket.write(octets), TICK_MS);
  socket.once('close', () => clearInterval(timer));
}

function open(): Socket {
  if (behaviour !== 'message without end') return connect(port, '127.0.0.1');
  const [ca, cert, key] = [caFile, certFile, keyFile].map((file) => readFileSync(file));
  return connectTls({ host: 'localhost', port, ca: ca!, cert: cert!, key: key! });
}

let [started, connected, closed] = [0, 0, 0];
const more = setInterval(() => {
  for (let n = 0; n < AT_ONCE && started < clients; n += 1) {
    started += 1;
    const socket = open();
    socket.on('error', () => undefined);
    socket.once('connect', () => {
      connected += 1;
      BEHAVIOURS[behaviour](socket);
    });
    socket.once('close', () => {
      closed += 1;
    });
  }
  if (started === clients) clearInterval(more);
}, 20);
setInterval(() => process.send?.({ connected, closed }), TICK_MS);
process.once('disconnect', () => process.exit(0));
