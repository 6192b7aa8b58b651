/**
 * The program in a few files, by esbuild: our modules and the packages that they
 * import, once for each command that starts often and once for all, because V8 reads
 * every file whole before it runs a line of it. It all stays readable, so that a stack
 * trace in a fault report is of use. Why so: docs/decisions/0037.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
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

/** Commands that have a file of their own: what starts with the machine, and what monitors call. All others share one. */
const ALONE: Readonly<Record<string, string>> = { run: 'run/run', status: 'status/status' };

/** As `loader.ts` calls what is in a file. */
const OPENING =
  '(function (require, __filename) {\nconst importMetaUrl = require("node:url").pathToFileURL(__filename).href;';
const CLOSING = '})';

export async function makeBundle({ root, name }: Release, directory: string): Promise<Bundle> {
  const common = {
    absWorkingDir: root,
    outdir: directory,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    // Paths in the bundle are those below the checkout, also where node_modules is a link.
    preserveSymlinks: true,
    legalComments: 'none',
    logLevel: 'warning',
  } as const;
  const inputs: string[] = [];
  const programs: Record<string, string> = {};
  for (const command of ['', ...Object.keys(ALONE)]) {
    const { metafile } = await build({
      ...common,
      entryPoints: { [command || 'all']: 'src/cli/process.ts' },
      // A file that was compiled is never taken for another one of that name.
      entryNames: '[name]-[hash]',
      // In production winston leaves out what it says of itself, and what colours that.
      define: { 'import.meta.url': 'importMetaUrl', 'process.env.NODE_ENV': '"production"' },
      banner: { js: OPENING },
      footer: { js: CLOSING },
      plugins: command === '' ? [] : [only(command)],
      metafile: true,
    });
    const [file = ''] = Object.keys(metafile.outputs);
    await makeAscii(join(root, file));
    programs[command] = basename(file);
    inputs.push(...Object.keys(metafile.inputs));
  }
  await build({
    ...common,
    entryPoints: { [name]: 'src/main.ts' },
    define: { PROGRAMS: JSON.stringify(programs) },
    plugins: [loading],
  });
  const program = `${name}.cjs`;
  await build({
    ...common,
    entryPoints: { precompile: '.ci/package/precompile.ts' },
    define: { PROGRAM: JSON.stringify(program) },
  });
  const files = (await readdir(directory)).sort();
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  const names = [...new Set(inputs.flatMap((input) => packageDirectory(input) ?? []))].sort();
  const components = await Promise.all(names.map((each) => component(root, each, lock.packages)));
  return { directory, files, program: join(directory, program), components };
}

/** The other commands are left out: `cli/program.ts` loads only the one that is called. */
function only(command: string): Plugin {
  const wanted = `./${ALONE[command]}.js`;
  return {
    name: `only ${command}`,
    setup: (building) => {
      building.onResolve({ filter: /^\./ }, ({ path, kind, importer }) =>
        kind === 'dynamic-import' && importer.endsWith('/src/cli/program.ts') && path !== wanted
          ? { path, external: true }
          : undefined,
      );
    },
  };
}

/** Only comments are not: as a string in V8, it takes half the room, and is read sooner. */
async function makeAscii(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.replaceAll(/^ *(?:\/\/|\/?\*).*$/gm, (comment) => comment.replaceAll(/[^\0-\x7f]/g, '?')),
  );
}

/** `main.ts` then loads what the loader chooses. */
const loading: Plugin = {
  name: 'loading',
  setup: (building) => {
    building.onResolve({ filter: /^\.\/cli\/process\.js$/ }, () => ({
      path: join(building.initialOptions.absWorkingDir ?? '', '.ci/package/loader.ts'),
    }));
  },
};

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
