/** An RPM package, by rpmbuild: its times from SOURCE_DATE_EPOCH, and no trace of the machine that built it. */
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { environment, type Order, packageVersion, run } from './release.js';

const RPM_NAMES = { amd64: 'x86_64', arm64: 'aarch64' } as const;

export async function makeRpm({ tree, arch, release, output, work }: Order): Promise<string> {
  await mkdir(work);
  const target = RPM_NAMES[arch];
  const macros: readonly [string, string][] = [
    ['_topdir', work],
    ['_rpmdir', join(work, 'made')],
    ['version_of_release', packageVersion(release)],
    ['tree_of_release', tree],
    ['_buildhost', 'localhost'],
    ['use_source_date_epoch_as_buildtime', '1'],
    ['clamp_mtime_to_source_date_epoch', '1'],
    ['source_date_epoch_from_changelog', '0'],
    // RHEL 8 and later read either; both are made by one thread, so that the bytes do not depend on how many there are.
    ['_binary_payload', release.quick ? 'w1.gzdio' : 'w6.xzdio'],
  ];
  const defined = macros.flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  const spec = join(release.root, `.ci/package/rpm/${release.name}.spec`);
  await run('rpmbuild', ['-bb', '--target', `${target}-linux`, ...defined, spec], { env: environment(release) });
  const [name = ''] = await readdir(join(work, 'made', target));
  const file = join(output, name);
  await copyFile(join(work, 'made', target, name), file);
  return file;
}
