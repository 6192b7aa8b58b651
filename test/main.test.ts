import { type ChildProcess, type ChildProcessWithoutNullStreams, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { makeTestPki, type TestPki } from './support/certificates.js';
import { collecting } from './support/collecting.js';
import { thisPackage } from './support/package.js';
import { until, within } from './support/wait.js';

/** One for all: keys take long to make. */
let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

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

test('a configuration without end is refused in words, not read until memory has an end', async (t) => {
  const { status, err } = await run(['run', '--config', '/dev/zero']);
  t.is(status, 2);
  t.regex(
    err,
    /^openemr-audit-forwarder: cannot read the configuration \/dev\/zero: it is longer than \d+ bytes\nhint: correct the path/,
  );
});

test('a command that fails ends with 1', async (t) => {
  const { status, err } = await run(['cert', 'show', '/nonexistent/cert.pem']);
  t.is(status, 1);
  t.regex(err, /^openemr-audit-forwarder: .*\/nonexistent\/cert\.pem/);
});

test('a reader that closes standard output gets no error message', async (t) => {
  const { err } = await run(['--help'], (child) => child.stdout.destroy());
  t.is(err, '');
});

/** Runs an agent whose collector is not there, and does something to it once it has started. */
async function runAgent(
  t: ExecutionContext,
  use: (child: ChildProcessWithoutNullStreams) => void,
  { port = 1, when = '"Started"' }: { port?: number; when?: string } = {},
) {
  const { file } = await configured(t, port);
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

async function configured(t: ExecutionContext, port: number) {
  const directory = await mkdtemp(join(tmpdir(), 'main-'));
  t.teardown(() => rm(directory, { recursive: true }));
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
  return { file, journal };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test.serial(`${signal} ends what runs in order, with 0`, async (t) => {
    const { status, out, err } = await runAgent(t, (child) => child.kill(signal));
    t.is(status, 0, err);
    t.regex(out, /"Stopped"/);
  });
}

test.serial(
  'one wish that is delivered twice, as terminals, npm and timeout do, ends it in order all the same',
  async (t) => {
    // Stopped meanwhile, so that both are there before the first is heeded.
    const { status, out, err } = await runAgent(t, (child) => {
      for (const signal of ['SIGSTOP', 'SIGINT', 'SIGTERM', 'SIGCONT'] as const) child.kill(signal);
    });
    t.is(status, 0, err);
    t.regex(out, /"Stopped"/);
  },
);

test.serial('a second SIGTERM ends the process at once, with status 143', async (t) => {
  const collector = await collecting(t, pki, { close: 'never' });
  let asking: NodeJS.Timeout | undefined;
  t.teardown(() => clearInterval(asking));
  const ask = (child: ChildProcessWithoutNullStreams) => {
    asking = setInterval(() => child.kill('SIGTERM'), 100);
  };

  const { status, out } = await runAgent(t, ask, { port: collector.port, when: 'Connected to the collector' });

  t.is(status, 143);
  t.notRegex(out, /"Stopped"/);
});

interface Placed {
  readonly child: ChildProcess;
  /** Keys of the problems that it lists. */
  readonly problems: () => string[];
  /** With what it ended after SIGTERM. */
  readonly stop: () => Promise<{ status: number | null; err: string }>;
}

/** An agent that has written its state, with these standard streams. */
async function agentWith(t: ExecutionContext, stdio: StdioOptions): Promise<Placed> {
  const { file, journal } = await configured(t, 1);
  const child = spawn(process.execPath, [MAIN, 'run', '--config', file], { stdio });
  t.teardown(() => child.kill('SIGKILL'));
  let err = '';
  child.stderr?.on('data', (chunk) => {
    err += chunk;
  });
  const state = join(journal, 'status.json');
  await until(() => existsSync(state), { what: 'the agent to run' });
  return {
    child,
    problems: () => JSON.parse(readFileSync(state, 'utf8')).problems.map(({ key }: { key: string }) => key),
    stop: async () => {
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      const [status] = await within(ended, { what: 'the agent to end' });
      return { status, err };
    },
  };
}

test.serial(
  'an agent whose own log is on a full volume goes on, and says in its state that lines of it are dropped',
  async (t) => {
    const full = openSync('/dev/full', 'w');
    t.teardown(() => closeSync(full));
    const agent = await agentWith(t, ['ignore', full, 'pipe']);
    await until(() => agent.problems().includes('own-log'), { what: 'the problem to be listed' });
    t.like(await agent.stop(), { status: 0, err: '' });
  },
);

test.serial('an agent goes on when the program that reads its log has ended', async (t) => {
  const agent = await agentWith(t, ['ignore', 'pipe', 'pipe']);
  agent.child.stdout?.destroy();
  // So that it has something to log.
  agent.child.kill('SIGHUP');
  await until(() => agent.problems().includes('own-log'), { what: 'the problem to be listed' });
  t.like(await agent.stop(), { status: 0, err: '' });
});

test.serial('SIGUSR1 opens no debugger', async (t) => {
  const agent = await agentWith(t, ['ignore', 'ignore', 'pipe']);
  agent.child.kill('SIGUSR1');
  t.deepEqual(await agent.stop(), { status: 0, err: '' });
});

test('with too few file descriptors even to load the program the limit is named, whichever file was the first', async (t) => {
  for (const descriptors of [22, 26, 34, 48]) {
    // A machine's own authorities are a file more, of which Node.js itself complains.
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: undefined };
    const limited = ['-c', 'ulimit -n "$1"; shift; exec "$@"', 'sh', `${descriptors}`, process.execPath, MAIN, 'run'];
    const child = spawn('sh', limited, { env });
    let err = '';
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const [status] = await once(child, 'close');
    // Node.js 22 and later open one module after another: a few suffice, and the program asks for its configuration.
    if (!process.version.startsWith('v20.') && /there is no such file/.test(err)) return void t.is(status, 2);
    t.is(status, 1, err);
    t.regex(err, /^openemr-audit-forwarder: .*\nhint: .*LimitNOFILE=.*\n$/);
    t.notRegex(err, /unexpected/);
  }
});

test('a Node.js that is too old is told which one is needed, in one sentence', async (t) => {
  const older = "Object.defineProperty(process,'versions',{value:{...process.versions,node:'18.20.4'}})";
  const child = spawn(process.execPath, ['--import', `data:text/javascript,${older}`, MAIN, '--version']);
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const [status] = await once(child, 'close');
  t.is(status, 2);
  t.regex(err, /^openemr-audit-forwarder: needs Node\.js 20\.19 or later; this is 18\.20\.4 \(.*\)\n$/);
  const { engines } = JSON.parse(readFileSync(new URL('package.json', thisPackage), 'utf8'));
  t.is(engines.node, '>=20.19.0');
});
