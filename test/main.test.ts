import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { makeTestPki, type TestPki } from './support/certificates.js';
import { collecting } from './support/collecting.js';
import { within } from './support/wait.js';

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));

async function run(args: string[], use: (child: ChildProcessWithoutNullStreams) => void = () => {}) {
  const child = spawn(process.execPath, [MAIN, ...args]);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  use(child);
  const [status] = await once(child, 'close');
  return { status, out, err };
}

test('version and help end with 0', async (t) => {
  t.like(await run(['--version']), { status: 0, err: '' });
  t.like(await run(['--help']), { status: 0, err: '' });
});

test('wrong usage ends with 2, its error and what to do on standard error', async (t) => {
  t.deepEqual(await run(['--bogus']), {
    status: 2,
    out: '',
    err: "openemr-audit-forwarder: unknown option '--bogus'\nhint: see: openemr-audit-forwarder --help\n",
  });
});

test('a configuration that cannot be used ends with 2, too', async (t) => {
  const { status, out, err } = await run(['run', '--config', '/nonexistent/config.yaml']);
  t.is(status, 2);
  t.is(out, '');
  t.regex(err, /^openemr-audit-forwarder: cannot read the configuration \/nonexistent\/config\.yaml: .*\nhint: .*\n$/);
});

test('a command that fails ends with 1', async (t) => {
  const { status, err } = await run(['cert', 'show', '/nonexistent/cert.pem']);
  t.is(status, 1);
  t.regex(err, /^openemr-audit-forwarder: .*\/nonexistent\/cert\.pem/);
});

test('whoever closes our standard output hears no complaint', async (t) => {
  const { err } = await run(['--help'], (child) => child.stdout.destroy());
  t.is(err, '');
});

/** Runs an agent whose collector is not there, and does something to it once it has started. */
async function runAgent(
  t: ExecutionContext,
  use: (child: ChildProcessWithoutNullStreams) => void,
  { pki: given, port = 1, when = '"Started"' }: { pki?: TestPki; port?: number; when?: string } = {},
) {
  const pki = given ?? (await makeTestPki());
  const directory = await mkdtemp(join(tmpdir(), 'main-'));
  t.teardown(async () => {
    await rm(directory, { recursive: true });
    await pki.remove();
  });
  const file = join(directory, 'config.yaml');
  const journal = join(directory, 'journal');
  await mkdir(journal, { mode: 0o700 });
  await writeFile(
    file,
    `sources: [{ name: main, paths: [${directory}/*.log] }]
message: { hostname: emr.test.example }
collectors: [{ host: 127.0.0.1, port: ${port} }]
tls: { ca: ${pki.caFile}, cert: ${pki.agent.certFile}, key: ${pki.agent.keyFile} }
journal: { directory: ${journal}, keepFree: 0% }
log: { format: json }
`,
  );
  const result = run(['run', '--config', file], (child) => {
    let said = '';
    child.stdout.on('data', function look(chunk) {
      said += chunk;
      if (!said.includes(when)) return;
      child.stdout.off('data', look);
      use(child);
    });
  });
  return within(result, { what: 'the agent to end' });
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends what runs in order, with 0`, async (t) => {
    const { status, out, err } = await runAgent(t, (child) => child.kill(signal));
    t.is(status, 0, err);
    t.regex(out, /"Stopped"/);
  });
}

test('one wish that is delivered twice, as terminals, npm and timeout do, ends it in order all the same', async (t) => {
  // Stopped meanwhile, so that both are there before the first is heeded.
  const { status, out, err } = await runAgent(t, (child) => {
    for (const signal of ['SIGSTOP', 'SIGINT', 'SIGTERM', 'SIGCONT'] as const) child.kill(signal);
  });
  t.is(status, 0, err);
  t.regex(out, /"Stopped"/);
});

test('who asks again gets it at once, and is told by the status', async (t) => {
  const pki = await makeTestPki();
  const collector = await collecting(t, pki, { close: 'never' });
  let asking: NodeJS.Timeout | undefined;
  t.teardown(() => clearInterval(asking));
  const ask = (child: ChildProcessWithoutNullStreams) => {
    asking = setInterval(() => child.kill('SIGTERM'), 100);
  };

  const { status, out } = await runAgent(t, ask, { pki, port: collector.port, when: 'Connected to the collector' });

  t.is(status, 143);
  t.notRegex(out, /"Stopped"/);
});
