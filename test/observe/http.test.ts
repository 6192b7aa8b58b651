import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/lib/clock.js';
import { Problems } from '../../src/lib/problems.js';
import type { Facts } from '../../src/model/report.js';
import { httpServer } from '../../src/observe/http.js';
import { silent } from '../support/silent.js';
import { within } from '../support/wait.js';

type Page = string | (() => string);

async function served(t: ExecutionContext, { lifeMs, page = 'page' }: { lifeMs?: number; page?: Page } = {}) {
  const answer = () => ({ status: 200, type: 'text/plain', body: typeof page === 'string' ? page : page() });
  const answers = {
    '/': answer,
    '/broken': () => {
      throw new Error('secret');
    },
  };
  const told: unknown[] = [];
  const problems = new Problems(systemClock).of({
    ...silent,
    error: (message: string, facts?: Facts) => void told.push({ message, ...facts }),
  });
  const server = httpServer({ answers, names: ['emr.clinic.example'], problems, ...(lifeMs && { lifeMs }) }).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const ask = async (path: string, { method = 'GET', host = `127.0.0.1:${port}` } = {}) => {
    const asked = request({ port, host: '127.0.0.1', path, method, headers: { host }, agent: false }).end();
    const [response] = await once(asked, 'response');
    const body = Buffer.concat(await response.toArray()).toString();
    return { status: response.statusCode as number, headers: response.headers, body };
  };
  return { server, port, ask, told };
}

test('what is there is answered, what is not is said, with what there is', async (t) => {
  const { ask } = await served(t);
  t.like(await ask('/'), { status: 200, body: 'page' });
  t.like(await ask('/?refresh=1'), { status: 200 });
  for (const path of ['/nothing', '/../etc/passwd', '/constructor', '//', '*']) {
    t.like(await ask(path), { status: 404, body: 'nothing here; there is: / /broken\n' }, path);
  }
});

test('nothing but GET and HEAD is heard', async (t) => {
  const { ask } = await served(t);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
    t.is((await ask('/', { method })).status, 405, method);
  const { headers, body } = await ask('/', { method: 'HEAD' });
  t.is(headers['content-length'], '4');
  t.is(body, '');
});

test('a browser that was led here by another name is turned away', async (t) => {
  const { ask } = await served(t);
  for (const host of ['evil.example', 'evil.example:9614', 'localhost.evil.example', '127.0.0.1.evil.example']) {
    t.is((await ask('/', { host })).status, 421, host);
  }
  for (const host of ['localhost', 'LOCALHOST:9614', '127.0.0.1', '[::1]:9614', '192.0.2.7:80', 'emr.clinic.example']) {
    t.is((await ask('/', { host })).status, 200, host);
  }
});

test('the page may load nothing, be framed by nobody, and is not kept', async (t) => {
  const { ask } = await served(t);
  const { headers } = await ask('/');
  t.regex(headers['content-security-policy'] ?? '', /default-src 'none'.*frame-ancestors 'none'/);
  t.is(headers['x-content-type-options'], 'nosniff');
  t.is(headers['cache-control'], 'no-store');
});

test('what goes wrong within is told in the log, and not without', async (t) => {
  const { ask, told } = await served(t);
  const { status, body } = await ask('/broken');
  t.is(status, 500);
  t.false(body.includes('secret'));
  t.like(told, [{ path: '/broken', reason: 'secret' }]);
});

test('headers without end are cut off', async (t) => {
  const { port } = await served(t);
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
  const answer = Buffer.concat(await socket.toArray()).toString();
  t.regex(answer, /^HTTP\/1\.1 431 /);
});

/** Asks so often in one connection and reads nothing. */
function askWithoutReading(t: ExecutionContext, port: number, times: number): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  t.teardown(() => socket.destroy());
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(times));
  return socket;
}

test('however many clients connect and say nothing, another one is answered', async (t) => {
  const { port, ask } = await served(t);
  for (let client = 0; client < 40; client += 1) {
    await once(askWithoutReading(t, port, 0), 'connect');
  }
  const { status } = await ask('/nothing');
  t.is(status, 404);
});

test('a client that never reads the answer is cut off after a while, also when nobody needs its place', async (t) => {
  const { server, port } = await served(t, { lifeMs: 100, page: 'x'.repeat(20_000_000) });
  askWithoutReading(t, port, 1);
  const [socket] = await once(server, 'connection');
  await within(once(socket, 'close'), { what: 'its end' });
  t.pass();
});

test('a client that sends many requests at once is cut off, and most of them are not even looked at', async (t) => {
  let asked = 0;
  const page = () => {
    asked += 1;
    return 'page';
  };
  const { port, ask } = await served(t, { page });
  const socket = askWithoutReading(t, port, 100);
  const closed = once(socket, 'close');
  socket.resume();
  await within(closed, { what: 'its end' });
  t.true(asked <= 1);
  t.is((await ask('/')).status, 200);
});
