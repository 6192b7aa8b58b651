/** The README's first steps, typed in the order in which they stand there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { typedLines } from '../support/documented.js';
import { freePort } from '../support/free-port.js';
import { thisPackage } from '../support/package.js';
import { until, within } from '../support/wait.js';

const MAIN = fileURLToPath(new URL('dist/src/main.js', thisPackage));

/** The one line of the README that begins so. */
function line(start: string): readonly string[] {
  const found = typedLines().filter(
    ({ place, args }) => place.startsWith('README.md') && args.join(' ').startsWith(start),
  );
  if (found.length !== 1) throw new Error(`the README has ${found.length} lines that begin with ${start}`);
  return found[0]?.args ?? [];
}

interface Typed {
  readonly process: ChildProcess;
  readonly said: () => string;
}

function type(t: ExecutionContext, cwd: string, args: readonly string[]): Typed {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  t.teardown(() => child.kill());
  return { process: child, said: () => Buffer.concat(chunks).toString() };
}

test('cert init, then listen and send, as the README has them, show a message arrive', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'readme-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  // The port of the standard may be taken where this runs.
  const port = ['--port', String(await freePort())];

  const init = type(t, directory, line('cert init'));
  t.deepEqual(
    await within(once(init.process, 'close'), { what: 'cert init', timeoutMs: 60_000 }),
    [0, null],
    init.said(),
  );
  const listen = type(t, directory, [...line('listen'), ...port]);
  await until(() => listen.said().includes(port[1] ?? ''), { what: 'listen to listen' });
  const send = type(t, directory, [...line('send'), ...port]);

  t.deepEqual(await within(once(send.process, 'close'), { what: 'send', timeoutMs: 60_000 }), [0, null], send.said());
  await until(() => listen.said().includes('hello'), { what: 'the message to be shown' });
  t.regex(send.said(), /acknowledged/);
});
