/** A plain archive with the files as they lie below `/`, for distributions with neither format. GNU tar and gzip. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { environment, type Order, run } from './release.js';

const NODE_NAMES = { amd64: 'x64', arm64: 'arm64' } as const;

export async function makeTarball({ tree, arch, release, output, work }: Order): Promise<string> {
  const top = `${release.name}-${release.version}`;
  await cp(tree, join(work, top), { recursive: true });
  const file = join(output, `${top}-linux-${NODE_NAMES[arch]}.tar.gz`);
  const fixed = [
    '--sort=name',
    '--format=gnu',
    `--mtime=@${release.epoch}`,
    '--owner=0',
    '--group=0',
    '--numeric-owner',
  ];
  const compress = `--use-compress-program=gzip -n ${release.quick ? '-1' : '-9'}`;
  await run('tar', ['--create', '--file', file, ...fixed, '--mode=go-w', compress, '-C', work, top], {
    env: environment(release),
  });
  return file;
}
