/** What is read from the output of `logrotate --debug`; the outputs were recorded with logrotate 3.21 of Debian 12. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { askLogrotate, type Rotation, rotationsIn } from '../../../src/cli/check/logrotate.js';
import { temporaryDirectory } from '../../support/files.js';
import { type Recorded, recordedLogrotate } from '../../support/recorded-logrotate.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

async function rotations(t: ExecutionContext, name: Recorded): Promise<(log: string) => Rotation | undefined> {
  const directory = temporaryDirectory(t);
  const { output, configuration } = await recordedLogrotate(name, directory);
  await writeFile(join(directory, 'logrotate.conf'), configuration);
  const found = await rotationsIn(output);
  return (log) => found.get(join(directory, log));
}

test('period, number of rotated files, new name and compressor come from the output of logrotate', async (t) => {
  const directory = temporaryDirectory(t);
  const { output, configuration } = await recordedLogrotate('daily', directory);
  await writeFile(join(directory, 'logrotate.conf'), configuration);
  const found = await rotationsIn(output);
  t.deepEqual(found.get(join(directory, 'audit.log')), {
    file: join(directory, 'logrotate.conf'),
    patterns: `"${directory}/audit.log"`,
    rotate: 7,
    periodMs: DAY_MS,
    maxBytes: undefined,
    rotatedTo: `${directory}/audit.log.1`,
    copytruncate: false,
    shred: false,
    compressor: '/bin/gzip',
    maxAgeMs: undefined,
    created: undefined,
    error: undefined,
  });
});

test('blocks of included files are found, with what logrotate does not print', async (t) => {
  const directory = temporaryDirectory(t);
  const { output, configuration } = await recordedLogrotate('included', directory);
  await mkdir(join(directory, 'conf.d'));
  await writeFile(join(directory, 'logrotate.conf'), configuration);
  for (const name of ['app', 'bpp'] as const) {
    const { configuration: included } = await recordedLogrotate(`included-${name}`, directory);
    await writeFile(join(directory, 'conf.d', name), included);
  }
  const found = await rotationsIn(output);
  const of = (log: string) => found.get(join(directory, log));

  t.like(of('audit.log'), {
    file: `${directory}/conf.d/app`,
    rotate: 30,
    periodMs: DAY_MS,
    maxAgeMs: 20 * DAY_MS,
    rotatedTo: `${directory}/old/audit.log-20261201`,
    compressor: '/bin/gzip',
    created: { mode: 0o644, uid: 0, gid: 0 },
    copytruncate: false,
  });
  t.like(of('empty.log'), {
    rotate: 4,
    periodMs: 7 * DAY_MS,
    rotatedTo: undefined,
    compressor: undefined,
    copytruncate: true,
    shred: false,
  });
  for (const log of ['mail.log', 'clinic.log']) {
    t.like(of(log), {
      file: `${directory}/conf.d/bpp`,
      rotate: -1,
      periodMs: undefined,
      maxBytes: 102_400,
      rotatedTo: `${directory}/${log}.1`,
      created: { mode: 0o640, uid: 0, gid: 4 },
      shred: true,
    });
  }
  t.is(of('site.log'), undefined);
});

const facts: readonly (readonly [Recorded, string, Partial<Rotation>])[] = [
  ['xz', 'another compressor', { compressor: '/usr/bin/xz' }],
  ['copytruncate', 'copytruncate', { copytruncate: true }],
  ['shred', 'shred', { shred: true }],
  ['keeps-nothing', 'rotation that keeps nothing', { rotate: 0 }],
  ['size', 'a size', { periodMs: undefined, maxBytes: 4 * 1024 ** 2, rotate: 6 }],
  ['closed', 'the mode of the new log', { created: { mode: 0o600, uid: 0, gid: 0 } }],
];
for (const [name, what, expected] of facts) {
  test(`${what} is recognised`, async (t) => {
    const of = await rotations(t, name);
    t.like(of('audit.log'), expected);
  });
}

test('a log that logrotate refuses to rotate comes with the reason', async (t) => {
  const directory = temporaryDirectory(t);
  const { output, configuration } = await recordedLogrotate('daily', directory);
  await writeFile(join(directory, 'logrotate.conf'), configuration);
  const log = join(directory, 'audit.log');
  const why = 'parent directory has insecure permissions';
  const forced = output.forced.replace(/ {2}log needs rotating[\s\S]*/, `error: skipping "${log}" because ${why}\n`);
  t.like((await rotationsIn({ ...output, forced })).get(log), { error: why, rotatedTo: undefined });
});

test('without logrotate there is no answer', async (t) => {
  t.is(await askLogrotate('/etc/logrotate.conf', temporaryDirectory(t)), undefined);
});
