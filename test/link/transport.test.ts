import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import test from 'ava';
import { Transport } from '../../src/link/transport.js';

test('what TLS would say after its close_notify, as to a request for new keys, goes nowhere and breaks nothing', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  const [[peer]] = await Promise.all([once(server, 'connection'), once(socket, 'connect')]);
  t.teardown(() => {
    socket.destroy();
    peer.destroy();
    server.close();
  });
  const received: Buffer[] = [];
  peer.on('data', (bytes: Buffer) => received.push(bytes));
  const transport = new Transport(socket);
  let failed = false;
  transport.on('error', () => {
    failed = true;
  });

  transport.write('close_notify');
  transport.end();
  await new Promise<void>((resolve, reject) => {
    transport.write('KeyUpdate', (error) => (error ? reject(error) : resolve()));
  });
  socket.end();
  await once(peer, 'end');

  t.false(failed);
  t.is(Buffer.concat(received).toString(), 'close_notify');
});
