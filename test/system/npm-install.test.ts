/** The packed program, installed with npm as one of many, on every line of Node.js that it promises to run on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { checkout } from '../../.ci/package/release.js';
import { fetchRuntime, knownRuntimes } from '../../.ci/package/runtime.js';
import { freePort } from '../support/free-port.js';
import { runProgram } from '../support/program.js';

let prefix: string;
const program = () => join(prefix, 'bin/openemr-audit-forwarder');

async function done(command: string, ...args: string[]): Promise<string> {
  const { status, stdout, output } = await runProgram(command, args, { cwd: checkout(), timeoutMs: 300_000 });
  if (status !== 0) throw new Error(output);
  return stdout;
}

test.before('npm packs it and installs it', async (t) => {
  t.timeout(300_000);
  prefix = await mkdtemp(join(tmpdir(), 'npm-'));
  // Without scripts: what prepack would build is there, but for what npm alone gets, and is being tested.
  await done(process.execPath, 'dist/.ci/package/npm.js');
  const packed = await done('npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', prefix);
  const archive = join(prefix, JSON.parse(packed)[0].filename);
  await done('npm', 'install', '--global', '--prefix', prefix, '--no-audit', '--no-fund', archive);
});

test.after.always(() => rm(prefix, { recursive: true, force: true }));

const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
for (const version of [process.versions.node, ...knownRuntimes(checkout())]) {
  test(`on Node.js ${version} the demo loses nothing`, async (t) => {
    const own = version === process.versions.node;
    const node = own ? process.execPath : (await fetchRuntime(arch, checkout(), version)).node;
    const path = `PATH=${dirname(node)}:/usr/bin:/bin`;
    const shown = await done('env', '-i', path, program(), 'demo', '--for', '2s', '--port', String(await freePort()));
    t.regex(shown, /acknowledged/);
  });
}
