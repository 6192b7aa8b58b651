/**
 * Node.js as the Node.js project builds it, from the npm registry's packages of
 * its binaries. runtime.json pins version and integrity (Subresource Integrity,
 * as in package-lock.json); nothing else is let in. Kept in .build/.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Architecture, type Release, run } from './release.js';

export interface Runtime {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
  readonly node: string;
  readonly licence: string;
}

type Pins = { readonly version: string } & {
  readonly [A in Architecture]: { readonly name: string; readonly integrity: string };
};

export async function fetchRuntime(arch: Architecture, { root }: Release): Promise<Runtime> {
  const pins: Pins = JSON.parse(await readFile(join(root, '.ci/package/runtime.json'), 'utf8'));
  const { name, integrity } = pins[arch];
  const kept = join(root, '.build/runtime', `${name}-${pins.version}`);
  if (!existsSync(kept)) await fetchInto(kept, `${name}@${pins.version}`, integrity);
  return { name, version: pins.version, integrity, node: join(kept, 'bin/node'), licence: join(kept, 'LICENSE') };
}

async function fetchInto(kept: string, wanted: string, integrity: string): Promise<void> {
  const coming = `${kept}.coming`;
  await rm(coming, { recursive: true, force: true });
  await mkdir(coming, { recursive: true });
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', coming, wanted]);
  const archive = join(coming, JSON.parse(stdout)[0].filename);
  const found = `sha512-${createHash('sha512')
    .update(await readFile(archive))
    .digest('base64')}`;
  if (found !== integrity)
    throw new Error(`${wanted} has integrity ${found}; .ci/package/runtime.json says ${integrity}`);
  await run('tar', ['-xzf', archive, '-C', coming, '--strip-components=1', 'package/bin/node', 'package/LICENSE']);
  await rm(archive);
  await rename(coming, kept);
}
