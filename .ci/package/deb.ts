/** A Debian package, by dpkg-deb: control files as Debian Policy 4.6 has them, times from SOURCE_DATE_EPOCH. */
import { createHash } from 'node:crypto';
import { chmod, copyFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DESCRIPTION,
  environment,
  MAINTAINER,
  type Order,
  packageVersion,
  type Release,
  run,
  SUMMARY,
} from './release.js';

const SCRIPTS = ['postinst', 'prerm', 'postrm'] as const;

/** What Node.js was linked with, and what makes users and directories. */
const DEPENDS = [
  'libc6 (>= 2.28)',
  'libgcc-s1 (>= 3.4)',
  'libstdc++6 (>= 5.2)',
  'systemd | systemd-standalone-sysusers | systemd-sysusers',
  'systemd | systemd-standalone-tmpfiles | systemd-tmpfiles',
];

export async function makeDeb({ tree, arch, release, output, work }: Order): Promise<string> {
  const control = join(work, 'DEBIAN');
  await cp(tree, work, { recursive: true });
  const paths = await filesBelow(work);
  await mkdir(control, { mode: 0o755 });
  await writeFile(join(control, 'md5sums'), await checksums(work, paths));
  await writeFile(join(control, 'conffiles'), `/etc/${release.name}/config.yaml\n`);
  for (const script of SCRIPTS) {
    await copyFile(join(release.root, '.ci/package/debian', script), join(control, script));
    await chmod(join(control, script), 0o755);
  }
  await writeFile(join(control, 'control'), controlFile(release, arch, await kibibytes(work, paths)));

  const file = join(output, `${release.name}_${packageVersion(release)}_${arch}.deb`);
  // More threads write other bytes than one, but as many as one likes write the same.
  const compression = release.quick ? ['-Zgzip', '-z1'] : ['-Zxz', '-z6', '--threads-max=2'];
  const args = ['--root-owner-group', ...compression, '--build', work, file];
  await run('dpkg-deb', args, { env: environment(release) });
  return file;
}

function controlFile(release: Release, arch: string, size: number): string {
  return `Package: ${release.name}
Version: ${packageVersion(release)}
Architecture: ${arch}
Maintainer: ${MAINTAINER}
Installed-Size: ${size}
Depends: ${DEPENDS.join(', ')}
Section: admin
Priority: optional
Description: ${SUMMARY}
${DESCRIPTION.map((line) => ` ${line}\n`).join('')}`;
}

async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

/** Of all but the configuration, as Policy's dpkg tools expect. */
async function checksums(root: string, paths: readonly string[]): Promise<string> {
  const shipped = paths.filter((path) => !path.startsWith('etc/'));
  const lines = shipped.map(async (path) => {
    const digest = createHash('md5')
      .update(await readFile(join(root, path)))
      .digest('hex');
    return `${digest}  ${path}\n`;
  });
  return (await Promise.all(lines)).join('');
}

async function kibibytes(root: string, paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(
    paths.map(async (path) => Math.ceil((await readFile(join(root, path))).length / 1024)),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
