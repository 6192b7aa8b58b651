/** What a connection that breaks leaves behind, without sockets: a stream that holds octets when it is destroyed. */
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import test from 'ava';
import type { Client } from '../../src/collector/client.js';
import { type Ending, type Outlet, serve, type Totals } from '../../src/collector/connection.js';
import { Framer } from '../../src/collector/framing.js';
import { Unframer } from '../../src/syslog/rfc5425.js';

const MAX = 1000;

async function served(act: (socket: Duplex) => void): Promise<{ messages: string[]; ending: Ending; totals: Totals }> {
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  socket.on('error', () => {});
  const messages: string[] = [];
  let end: { ending: Ending; totals: Totals } | undefined;
  const framer = new Framer(new Unframer({ maxMessageBytes: MAX }), MAX);
  const outlet: Outlet = {
    // Slower than what comes, as a disk is.
    onMessage: async (message) => {
      await new Promise(setImmediate);
      messages.push(String(message));
    },
    onEnd: (_client, ending, totals) => {
      end = { ending, totals };
    },
  };
  const serving = serve(socket as unknown as TLSSocket, {} as Client, framer, outlet, () => {});
  act(socket);
  await serving;
  return { messages, ...end! };
}

test('what had come when the connection broke is taken, and the break is told', async (t) => {
  const { messages, ending, totals } = await served((socket) => {
    socket.push('5 hello');
    socket.push('5 world');
    socket.destroy(new Error('read ECONNRESET'));
  });

  t.deepEqual(messages, ['hello', 'world']);
  t.deepEqual(ending, { name: 'lost', reason: 'read ECONNRESET' });
  t.deepEqual(totals, { messages: 2, bytes: 14, framing: 'octet-counted' });
});

test('a document of OpenEMR that is complete is taken, though its sender hung up', async (t) => {
  const document = '<13>2026-11-20T07:58:01-05:00 emr\n<?xml version="1.0"?>\n <AuditMessage>\n </AuditMessage>';
  const hungUp = (text: string) =>
    served((socket) => {
      socket.push(text);
      socket.destroy(new Error('read ECONNRESET'));
    });

  const whole = await hungUp(document);
  const half = await hungUp(document.slice(0, -1));

  t.deepEqual(whole.messages, [document]);
  t.is(whole.ending.name, 'lost');
  t.deepEqual(half.messages, []);
});
