/**
 * The program in a few files, by esbuild: our modules and the packages that they
 * import. What only some commands need is in files of its own, which are loaded when
 * such a command is called: V8 reads every file whole before it runs a line of it.
 * It all stays readable, so that a stack trace in a fault report is of use.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Release } from './release.js';

export interface Bundle {
  readonly directory: string;
  /** In it. */
  readonly files: readonly string[];
  /** The one to start. */
  readonly program: string;
  readonly components: readonly Component[];
}

/** A package that has gone into it. */
export interface Component {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** Where it lies in the checkout. */
  readonly directory: string;
  /** As package-lock.json pins it. */
  readonly integrity: string;
}

/** Packages in CommonJS call require for what Node.js itself brings. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

export async function makeBundle({ root, name }: Release, directory: string): Promise<Bundle> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { [name]: 'src/main.ts' },
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    splitting: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    banner: { js: REQUIRE },
    // Paths in the bundle are those below the checkout, also where node_modules is a link.
    preserveSymlinks: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  const directories = Object.keys(metafile.inputs).flatMap((input) => packageDirectory(input) ?? []);
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  const names = [...new Set(directories)].sort();
  const components = await Promise.all(names.map((each) => component(root, each, lock.packages)));
  const program = join(directory, `${name}.mjs`);
  return { directory, files: (await readdir(directory)).sort(), program, components };
}

/** `node_modules/a/node_modules/@b/c` of a path below it. */
function packageDirectory(input: string): string | undefined {
  return /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

async function component(
  root: string,
  name: string,
  locked: Record<string, { integrity: string }>,
): Promise<Component> {
  const directory = join(root, name);
  const stated = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
  const pinned = locked[name];
  if (pinned === undefined) throw new Error(`${name} is in the bundle and not in package-lock.json: run npm ci`);
  return {
    name: stated.name,
    version: stated.version,
    licence: stated.license,
    directory,
    integrity: pinned.integrity,
  };
}
