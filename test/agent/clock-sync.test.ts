import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { askClock } from '../../src/agent/periodic.js';
import type { ClockSync } from '../../src/lib/clock.js';
import { temporaryDirectory } from '../support/files.js';

/** A machine whose timedatectl does this; without a script there is none. */
async function machine(t: ExecutionContext, script?: string) {
  const directory = temporaryDirectory(t);
  if (script !== undefined) {
    await writeFile(join(directory, 'timedatectl'), `#!/bin/sh\n${script}\n`);
    await chmod(join(directory, 'timedatectl'), 0o755);
  }
  return { env: { PATH: directory }, timesyncd: join(directory, 'synchronized') };
}

const answers: [what: string, script: string | undefined, answer: ClockSync][] = [
  ['says yes', '[ "$*" = "show --property=NTPSynchronized --value" ] && echo yes', 'synchronised'],
  ['says no', 'echo no', 'unsynchronised'],
  ['has no D-Bus', 'echo "Failed to connect to bus" >&2; exit 1', 'unknown'],
  ['says something else', 'echo perhaps', 'unknown'],
  ['is not there', undefined, 'unknown'],
];
for (const [what, script, answer] of answers) {
  test(`where timedatectl ${what}, the clock is ${answer}`, async (t) => {
    const { env, timesyncd } = await machine(t, script);
    t.is(await askClock(env, timesyncd), answer);
  });
}

test('where timedatectl cannot say, the mark of systemd-timesyncd can', async (t) => {
  const { env, timesyncd } = await machine(t, 'exit 1');
  await writeFile(timesyncd, '');
  t.is(await askClock(env, timesyncd), 'synchronised');
});
