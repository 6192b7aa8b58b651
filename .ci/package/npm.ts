/**
 * The program for npm, in `dist/npm/`: our modules in a few files, which Node.js loads sooner than
 * hundreds. The packages that they import stay what npm installs beside it, so that `npm audit`,
 * `npm update` and overrides reach them. Why so: docs/decisions/0037.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { readRelease } from './release.js';

const { root, name } = await readRelease({ quick: false });
const directory = join(root, 'dist/npm');
await rm(directory, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: { [name]: 'src/main.ts' },
  outdir: directory,
  chunkNames: '[name]-[hash]',
  splitting: true,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  legalComments: 'none',
  logLevel: 'warning',
});
