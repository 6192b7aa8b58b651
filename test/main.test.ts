import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import test from 'ava';

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
