import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { usablePort } from '../../../src/cli/demo/demo.js';
import { capturedIo } from '../../support/captured-io.js';

const MAIN = fileURLToPath(new URL('../../../src/main.js', import.meta.url));
/** What nobody holds is gone within moments: a timer that a busy demo would lose in minutes is lost here. */
const COLLECTING = ['--expose-gc', '--import', 'data:text/javascript,setInterval(gc, 250).unref()'];

test('with --for the demo ends by itself, and every entry has arrived', async (t) => {
  const args = [...COLLECTING, MAIN, 'demo', '--for', '2s', '--rate', '20', '--port', '0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));

  const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')]);

  t.is(status, 0);
  t.regex(output, /^written (\d+), sent \d+, acknowledged \d+, received \1, lost 0, repeated 0$/m);
  t.regex(output, /^Every entry that was written has arrived\.$/m);
});

/** A server on a port of 127.0.0.1 until the test ends. */
async function takenPort(t: ExecutionContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('a port that is taken, chosen or not, is replaced by a free one, and the demo says so first', async (t) => {
  const port = await takenPort(t);
  const io = capturedIo();
  t.is(await usablePort(io, port), 0);
  t.is(io.out(), `Another program listens on 127.0.0.1:${port}; the demo takes a free port instead.\n`);
});

test('a temporary directory that cannot be written is named, with what to do', async (t) => {
  const child = spawn(process.execPath, [MAIN, 'demo', '--port', '0'], {
    env: { ...process.env, TMPDIR: '/proc/self' },
  });
  const [err, [status]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  t.is(status, 1);
  t.regex(
    err,
    /cannot make a directory in \/proc\/self: .*\nhint: set TMPDIR to a directory that this user can write to\n/,
  );
});

test('a demo whose chosen port is taken runs on another, and no line of it is longer than 80 columns', async (t) => {
  const port = await takenPort(t);
  const child = spawn(process.execPath, [MAIN, 'demo', '--for', '1s', '--rate', '20', '--port', String(port)]);
  const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  t.is(status, 0);
  t.regex(output, /^Another program listens on 127\.0\.0\.1:\d+; the demo takes a free port instead\.$/m);
  t.deepEqual(
    output.split('\n').filter((line) => line.length > 80 && !line.includes('/')),
    [],
  );
});
