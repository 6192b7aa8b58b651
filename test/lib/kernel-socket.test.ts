import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import test from 'ava';
import { findSocket, readKernelSocket } from '../../src/lib/kernel-socket.js';
import { until } from '../support/wait.js';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const row = (local: string, remote: string, state: string, queues: string) =>
  `   0: ${local} ${remote} ${state} ${queues} 00:00000000 00000000  1000        0 12345 1 0000000000000000 20 4 30 10 -1\n`;

test('a socket is found by its ports and the other address', (t) => {
  const table =
    HEAD +
    row('0100007F:1972', '0100007F:C001', '01', '00000000:00000000') +
    row('0100007F:C001', '0100007F:1972', '08', '0000002A:00000000');
  const endpoints = { localPort: 0xc001, remoteAddress: '127.0.0.1', remotePort: 0x1972 };
  t.deepEqual(findSocket(table, endpoints), { state: 'close-wait', unconfirmedBytes: 42 });
  t.is(findSocket(table, { ...endpoints, localPort: 0xc002 }), undefined);
  t.is(findSocket(table, { ...endpoints, remoteAddress: '127.0.0.2' }), undefined);
});

test('IPv6 addresses are read word by word, in every way of writing them', (t) => {
  const table =
    HEAD + row('00000000000000000000000001000000:C001', 'B80D0120000000000000000001000000:1972', '01', '0:0');
  for (const remoteAddress of ['2001:db8::1', '2001:0db8:0:0:0:0:0:1', '2001:db8::1%eth0']) {
    const found = findSocket(table, { localPort: 0xc001, remoteAddress, remotePort: 0x1972 });
    t.is(found?.state, 'established', remoteAddress);
  }
});

test('an IPv4 address within IPv6 is found', (t) => {
  const table =
    HEAD + row('0000000000000000FFFF00000100007F:C001', '0000000000000000FFFF00000100007F:1972', '06', '0:0');
  const found = findSocket(table, { localPort: 0xc001, remoteAddress: '::ffff:127.0.0.1', remotePort: 0x1972 });
  t.is(found?.state, 'other');
});

test('what is no table finds nothing', (t) => {
  t.is(findSocket('', { localPort: 1, remoteAddress: '127.0.0.1', remotePort: 2 }), undefined);
  t.is(findSocket('rubbish\nmore', { localPort: 1, remoteAddress: '127.0.0.1', remotePort: 2 }), undefined);
});

for (const host of ['127.0.0.1', '::1']) {
  test(`the life of a connection to ${host} is seen in the kernel`, async (t) => {
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, host);
    t.teardown(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const client = net.connect({ port, host, allowHalfOpen: true }).on('error', () => undefined);
    t.teardown(() => client.destroy());
    await once(client, 'connect');
    const [other] = await accepted;
    const endpoints = { localPort: client.localPort ?? 0, remoteAddress: host, remotePort: port };
    t.deepEqual(await readKernelSocket(endpoints), { state: 'established', unconfirmedBytes: 0 });

    client.write(Buffer.alloc(64 * 1024 * 1024));
    const state = () => readKernelSocket(endpoints);
    await until(async () => Object(await state()).unconfirmedBytes > 0, { what: 'octets that nobody takes' });
    other.end();
    await until(async () => Object(await state()).state === 'close-wait', { what: 'their FIN' });
    other.resetAndDestroy();
    await until(async () => (await state()) === 'gone', { what: 'the reset' });
  });
}
