/** Stands in for systemd: a systemd-notify in PATH that keeps what it is told. */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { temporaryDirectory } from './files.js';

/** `calls`: what each call of systemd-notify said; before that it runs the lines of `script`. */
export async function fakeSystemd(t: ExecutionContext, script = '') {
  const directory = temporaryDirectory(t);
  const told = join(directory, 'told');
  const program = join(directory, 'systemd-notify');
  await writeFile(
    program,
    `#!/bin/sh\n${script}\n{ echo "to $NOTIFY_SOCKET"; printf '%s\\n' "$@"; } >> "\${0%/*}/told"\n`,
  );
  await chmod(program, 0o755);
  await writeFile(told, '');
  const calls = async () =>
    (await readFile(told, 'utf8'))
      .split('to /run/notify\n')
      .slice(1)
      .map((call) => call.trim().split('\n'));
  return { env: { NOTIFY_SOCKET: '/run/notify', PATH: `${directory}:/usr/bin:/bin` }, calls };
}
