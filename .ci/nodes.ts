/**
 * `npm run test:nodes`: the unit tests on every other line of Node.js that
 * package.json admits, with the builds that .ci/package/runtime.json pins.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { checkout } from './package/release.js';
import { fetchRuntime, knownRuntimes } from './package/runtime.js';

const AVA = 'node_modules/ava/entrypoints/cli.mjs';

function major(version: string): string | undefined {
  return version.split('.')[0];
}

const root = checkout();
const versions = knownRuntimes(root);
const failed: string[] = [];
for (const version of versions.filter((other) => major(other) !== major(process.versions.node))) {
  const { node } = await fetchRuntime(process.arch === 'arm64' ? 'arm64' : 'amd64', root, version);
  process.stdout.write(`Node.js ${version}\n`);
  const { status } = spawnSync(node, [join(root, AVA), '--config', 'ava.nodes.config.js'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) failed.push(version);
}
if (failed.length > 0) {
  process.stderr.write(`Tests failed on Node.js ${failed.join(' and ')}\n`);
  process.exit(1);
}
