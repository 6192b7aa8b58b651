/** Damaged requests to the status page: each is answered or the connection closed, and the next good one is answered. */
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { httpServer } from '../../src/observe/http.js';
import { mutationsOf } from '../support/mutations.js';

const REQUEST = Buffer.from(
  'GET /healthz?a=b HTTP/1.1\r\nHost: localhost:9614\r\nAccept: */*\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc',
);

async function listening(t: ExecutionContext): Promise<number> {
  const answer = () => ({ status: 200, type: 'text/plain', body: 'OK\n' });
  const server = httpServer({ answers: { '/healthz': answer }, names: [], problems: { happened: () => undefined } });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** What comes back until the end, after the client has said all that it will say. */
async function answerTo(port: number, bytes: Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    answer += chunk.toString('latin1');
  });
  socket.end(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

test('a damaged request is answered or cut off, and the next one is answered', async (t) => {
  const port = await listening(t);
  for (const { seed, bytes } of mutationsOf(REQUEST)) {
    const answer = await answerTo(port, bytes);
    t.regex(answer, /^(?:HTTP\/1\.1 [2-5]\d\d |$)/, `OAF_FUZZ_SEED=${seed}`);
    t.notRegex(answer, /HTTP\/1\.1 500 /, `OAF_FUZZ_SEED=${seed}`);
  }
  t.regex(await answerTo(port, REQUEST), /^HTTP\/1\.1 200 OK[\s\S]*OK\n$/);
});
