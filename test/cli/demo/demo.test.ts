import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import test from 'ava';

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
