import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { makeTestPki, type TestPki } from './certificates.js';
import type { Behaviour } from './hostile-behaviour.js';
import { HostileProcess } from './hostile-process.js';
import { unreadBytes } from './kernel.js';
import { splitFrames } from './split-frames.js';
import { until, within } from './wait.js';
import { WireClient } from './wire-client.js';

type Context = { pki: TestPki };

const test = anyTest as TestFn<Context>;
test.before(async (t) => {
  t.context.pki = await makeTestPki();
});
test.after.always((t) => t.context.pki?.remove());

async function start(t: ExecutionContext<Context>, behaviour: Behaviour = {}, as: 'frames' | 'lines' = 'frames') {
  const { ca, collector: identity } = t.context.pki;
  const directory = await mkdtemp(join(tmpdir(), 'hostile-'));
  const file = join(directory, 'stored');
  const child = await HostileProcess.start({ ca, identities: [identity], behaviour, store: { file, as } });
  t.teardown(async () => {
    await child.stop();
    await rm(directory, { recursive: true });
  });
  return { child, file };
}

async function connect(t: ExecutionContext<Context>, { port }: HostileProcess): Promise<WireClient> {
  const { ca, agent } = t.context.pki;
  const client = new WireClient({ port, ca, cert: agent.cert, key: agent.key });
  t.teardown(() => client.destroy());
  return client.connected();
}

/** Sends until octets lie in the kernel that the process does not read. */
async function fillKernel(client: WireClient, { port }: HostileProcess): Promise<void> {
  void client.write(Buffer.alloc(1_000_000));
  await until(() => unreadBytes(port, client.localPort) > 10_000, { what: 'octets that nobody reads' });
}

const exit = (child: HostileProcess) => within(child.exited, { what: 'the process to end' });

for (const [as, stored] of [
  ['frames', '1 a3 b\nc1 d'],
  ['lines', 'a\nb\nc\nd\n'],
] as const) {
  test(`has stored as ${as} what it has counted, even when it is killed at once`, async (t) => {
    const { child, file } = await start(t, {}, as);
    const client = await connect(t, child);

    await client.write('1 a3 b\nc1 d');
    await until(() => child.counts.messages === 3, { what: 'three messages' });
    child.signal('SIGKILL');

    t.deepEqual(await exit(child), { code: null, signal: 'SIGKILL' });
    t.is(await readFile(file, 'utf8'), stored);
  });
}

test('killed with octets unread, the kernel resets its connections', async (t) => {
  const { child } = await start(t, { read: 'nothing' });
  const client = await connect(t, child);
  await fillKernel(client, child);

  child.signal('SIGKILL');

  t.is((await client.ending()).at(-1), 'reset');
});

test('frozen it takes nothing and ends nothing, and goes on where it was', async (t) => {
  const { child, file } = await start(t);
  const client = await connect(t, child);
  await client.write('1 a');
  await until(() => child.counts.messages === 1, { what: 'the first message' });

  child.signal('SIGSTOP');
  await until(async () => / T /.test(await readFile(`/proc/${child.pid}/stat`, 'utf8')), { what: 'it to freeze' });
  await client.write('1 b');
  client.sayCloseNotify();
  t.is(await readFile(file, 'utf8'), '1 a');
  child.signal('SIGCONT');

  t.deepEqual(await client.ending(), ['close_notify', 'FIN']);
  t.is(await readFile(file, 'utf8'), '1 a1 b');
});

test('told to stop, it says close_notify although it has not read everything, and is gone', async (t) => {
  const { child, file } = await start(t, { read: 'nothing' });
  const client = await connect(t, child);
  await fillKernel(client, child);

  child.signal('SIGTERM');

  t.deepEqual(await exit(child), { code: 0, signal: null });
  t.is((await client.ending()).at(-1), 'reset');
  t.is(await readFile(file, 'utf8'), '');
});

test('stops at our close_notify with much unread: close_notify, FIN and no process', async (t) => {
  const unread = 1_000_000;
  const { child, file } = await start(t, { close: { stopWithUnreadBytes: unread } });
  const client = await connect(t, child);

  for (let sent = 0; sent < 2000; sent += 1) client.tls.write(`1000 ${'x'.repeat(1000)}`);
  client.sayCloseNotify();

  t.deepEqual(await client.ending(), ['close_notify', 'FIN']);
  t.deepEqual(await exit(child), { code: 0, signal: null });
  const { messages } = splitFrames(await readFile(file));
  t.true(messages.length * 1005 <= 2000 * 1005 - unread, `${messages.length} messages stored`);
});

test('behaves otherwise from the next connection on when told so', async (t) => {
  const { child } = await start(t);

  child.behave({ close: 'fin' });
  const ended = await until(
    async () => {
      const client = await connect(t, child);
      client.sayCloseNotify();
      const signs = await client.ending();
      return signs.length === 1 && signs;
    },
    { what: 'a FIN only' },
  );

  t.deepEqual(ended, ['FIN']);
});
