/**
 * All files of a package as they lie below `/`, with their modes. The Filesystem
 * Hierarchy Standard says where; that Node.js lies in a directory called bin is
 * for SELinux, whose policy knows programs by it.
 */
import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Bundle } from './bundle.js';
import { completion } from './completion.js';
import { describedProgram } from './described-program.js';
import { licenceTexts } from './licences.js';
import { configurationPage } from './manual/configuration-page.js';
import { programPage } from './manual/program-page.js';
import type { Release } from './release.js';
import type { Runtime } from './runtime.js';
import { sbom } from './sbom.js';

export interface Contents {
  readonly release: Release;
  readonly bundle: Bundle;
  readonly runtime: Runtime;
}

export async function layOut(tree: string, { release, bundle, runtime }: Contents): Promise<void> {
  const { root, name, version } = release;
  const at = (path: string) => join(tree, path);
  const checkout = (path: string) => join(root, path);
  const lib = `usr/lib/${name}`;
  const doc = `usr/share/doc/${name}`;
  const program = await describedProgram();

  await copied(runtime.node, at(`${lib}/bin/node`), 0o755);
  for (const file of bundle.files) await copied(join(bundle.directory, file), at(`${lib}/${file}`));
  await written(at(`${lib}/package.json`), `${JSON.stringify({ name, version, type: 'module' })}\n`);
  await copied(checkout(`.ci/package/${name}.sh`), at(`usr/bin/${name}`), 0o755);

  await copied(checkout('config/config.yaml'), at(`etc/${name}/config.yaml`));
  await copied(checkout('config/config.yaml'), at(`usr/share/${name}/config.yaml`));
  // The first line of config.yaml names the schema that lies beside it.
  for (const directory of ['etc', 'usr/share']) {
    await copied(checkout('config/schema.json'), at(`${directory}/${name}/schema.json`));
  }
  for (const unit of await namesIn(checkout('systemd'), '.service')) {
    await copied(checkout(`systemd/${unit}`), at(`usr/lib/systemd/system/${unit}`));
  }
  for (const kind of ['sysusers', 'tmpfiles']) {
    await copied(checkout(`systemd/${name}.${kind}.conf`), at(`usr/lib/${kind}.d/${name}.conf`));
  }

  await written(at(`usr/share/man/man1/${name}.1.gz`), compressed(programPage(program, release)));
  await written(at(`usr/share/man/man5/${name}.5.gz`), compressed(configurationPage(release)));
  await written(at(`usr/share/bash-completion/completions/${name}`), completion(program));

  await written(at(`${doc}/changelog.gz`), compressed(await readFile(checkout('CHANGELOG.md'), 'utf8')));
  await written(at(`${doc}/copyright`), await licenceTexts(release, bundle.components, runtime));
  await written(at(`${doc}/sbom.cdx.json`), sbom(release, bundle.components, runtime));
  await copied(checkout('README.md'), at(`${doc}/README.md`));
  await copiedAll(checkout('docs'), at(`${doc}/docs`));
  await copiedAll(checkout('config/examples'), at(`${doc}/examples/config`));
  await copiedAll(checkout('systemd/examples'), at(`${doc}/examples/systemd`));
}

async function written(file: string, contents: string | Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, contents);
  await chmod(file, 0o644);
}

async function copied(from: string, to: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
  await chmod(to, mode);
}

async function copiedAll(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    await copied(path, join(to, path.slice(from.length)));
  }
}

async function namesIn(directory: string, ending: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.endsWith(ending)).sort();
}

function compressed(text: string): Buffer {
  return gzipSync(text, { level: 9 });
}
