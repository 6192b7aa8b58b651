/**
 * Node.js as the Node.js project builds it, from the npm registry's packages of
 * its binaries. runtime.json pins version and integrity (Subresource Integrity,
 * as in package-lock.json); nothing else is let in. Kept in .build/.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Architecture, run } from './release.js';

export interface Runtime {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
  readonly node: string;
  readonly licence: string;
}

type Pins = { readonly packaged: string } & {
  readonly [version: string]: { readonly [A in Architecture]: { readonly name: string; readonly integrity: string } };
};

function readPins(root: string): Pins {
  return JSON.parse(readFileSync(join(root, '.ci/package/runtime.json'), 'utf8'));
}

/** Every version that is pinned. */
export function knownRuntimes(root: string): string[] {
  const { packaged, ...pinned } = readPins(root);
  return Object.keys(pinned);
}

/** The version that is packaged, or another one that is pinned. */
export async function fetchRuntime(arch: Architecture, root: string, wanted?: string): Promise<Runtime> {
  const pins = readPins(root);
  const version = wanted ?? pins.packaged;
  const pin = pins[version]?.[arch];
  if (pin === undefined) throw new Error(`Node.js ${version} for ${arch} is not in .ci/package/runtime.json`);
  const { name, integrity } = pin;
  const kept = join(root, '.build/runtime', `${name}-${version}`);
  if (!existsSync(kept)) await fetchInto(kept, `${name}@${version}`, integrity);
  return { name, version, integrity, node: join(kept, 'bin/node'), licence: join(kept, 'LICENSE') };
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
