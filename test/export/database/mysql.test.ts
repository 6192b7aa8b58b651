/** A database server that lets everybody in and then refuses whatever it is asked. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { MysqlDatabase } from '../../../src/export/database/mysql.js';
import { until } from '../../support/wait.js';

/** MySQL's protocol 10: a greeting that asks for no more than a name, and errors. */
const GREETING = Buffer.concat([
  Buffer.from('\x0a8.0.36\0', 'latin1'),
  Buffer.from([1, 0, 0, 0]),
  Buffer.from('saltsalt\0', 'latin1'),
  // PROTOCOL_41, SECURE_CONNECTION, CONNECT_WITH_DB; utf8mb4; PLUGIN_AUTH.
  Buffer.from([0x08, 0x82, 45, 2, 0, 0x08, 0x00, 21]),
  Buffer.alloc(10),
  Buffer.from('saltsaltsalt\0mysql_native_password\0', 'latin1'),
]);
const OK = Buffer.from([0, 0, 0, 2, 0, 0, 0]);
const REFUSAL = Buffer.from('\xff\xcf\x04#42000not on this server', 'latin1');

async function refusingServer(t: ExecutionContext): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(packet(0, GREETING));
    socket.once('data', () => {
      socket.write(packet(2, OK));
      socket.on('data', () => socket.write(packet(1, REFUSAL)));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return server;
}

function packet(sequence: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([payload.length, 0, 0, sequence]), payload]);
}

test('a connection that cannot be set to read-only is not used, and not left open', async (t) => {
  const server = await refusingServer(t);
  const { port } = server.address() as AddressInfo;
  const database = new MysqlDatabase({
    whereabouts: { database: 'openemr', user: 'reader', passwordFile: undefined },
    credentials: async () => ({ host: '127.0.0.1', port, database: 'openemr', user: 'reader' }),
  });

  await t.throwsAsync(() => database.schema(), { code: 'database-failed', message: /not on this server/ });

  const open = promisify(server.getConnections.bind(server));
  await until(async () => (await open()) === 0, { what: 'the connection to be closed' });
});
