/**
 * `npm run package`: a .deb, an .rpm and a tarball for each architecture, each
 * with everything that it needs, Node.js included. What stands in them depends
 * on the checkout and on SOURCE_DATE_EPOCH alone: built twice, the same bytes
 * (reproducible-builds.org). Needs dpkg-deb, rpmbuild, tar, and npm's registry
 * the first time.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { makeBundle } from './bundle.js';
import { makeDeb } from './deb.js';
import { ARCHITECTURES, type Architecture, type Release, readRelease } from './release.js';
import { makeRpm } from './rpm.js';
import { fetchRuntime } from './runtime.js';
import { makeTarball } from './tarball.js';
import { layOut } from './tree.js';

const KINDS = { deb: makeDeb, rpm: makeRpm, tarball: makeTarball } as const;
type Kind = keyof typeof KINDS;

interface Wanted {
  readonly arch: readonly Architecture[];
  readonly kind: readonly Kind[];
  readonly output: string;
  readonly version?: string;
  readonly quick: boolean;
}

await new Command('npm run package --')
  .description('Makes the packages.')
  .addOption(new Option('--arch <name...>', 'for which machines').choices(ARCHITECTURES).default(ARCHITECTURES))
  .addOption(new Option('--kind <name...>', 'which packages').choices(Object.keys(KINDS)).default(Object.keys(KINDS)))
  .option('--output <dir>', 'where to', '.build/packages')
  .option('--version <version>', 'another one than that of package.json')
  .option('--quick', 'compress little, for tests', false)
  .action(makePackages)
  .parseAsync();

async function makePackages(wanted: Wanted): Promise<void> {
  const release = await readRelease(wanted);
  const output = resolve(wanted.output);
  await mkdir(output, { recursive: true });
  const work = await mkdtemp(join(tmpdir(), 'package-'));
  try {
    const bundle = await timed('the bundle of all packages', () => makeBundle(release, join(work, 'bundle')));
    for (const arch of wanted.arch) await makeFor(arch, release, bundle, { ...wanted, output }, join(work, arch));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function makeFor(
  arch: Architecture,
  release: Release,
  bundle: Awaited<ReturnType<typeof makeBundle>>,
  { kind: kinds, output }: Wanted,
  work: string,
): Promise<void> {
  const runtime = await timed(`Node.js for ${arch}`, () => fetchRuntime(arch, release.root));
  const tree = join(work, 'tree');
  await layOut(tree, { release, bundle, runtime });
  for (const kind of kinds) {
    const make = () => KINDS[kind]({ tree, arch, release, output, work: join(work, kind) });
    const file = await timed(`${kind} for ${arch}`, make);
    process.stdout.write(`${file}\n`);
  }
}

/** Compressing takes minutes, so progress is printed. Standard output gets the names of the files alone. */
async function timed<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  process.stderr.write(`${what} …\n`);
  const beganMs = performance.now();
  const result = await work();
  process.stderr.write(`${what}: done in ${((performance.now() - beganMs) / 1000).toFixed(1)} s\n`);
  return result;
}
