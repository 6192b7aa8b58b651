/** What `check` says of rotated files, of logrotate's configuration, and of how long an outage may last. */
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import { runProgram } from '../../../src/cli/program.js';
import { capturedIo } from '../../support/captured-io.js';
import { temporaryDirectory } from '../../support/files.js';
import { installRecorded, type Recorded } from '../../support/recorded-logrotate.js';

const HOUR_S = 3600;

interface Scene {
  readonly directory: string;
  readonly log: string;
  /** Lines of `check --offline` that speak of rotation or outage, hints included. */
  check(recorded: Recorded, source?: object): Promise<string[]>;
}

/** A log that is written to at 1 MiB an hour, rotated an hour ago, with what was there before. */
async function scene(t: ExecutionContext): Promise<Scene> {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  await mkdir(join(directory, 'old'));
  const nowS = Date.now() / 1000;
  const mebibyte = `${'x'.repeat(127)}\n`.repeat(8192);
  const write = async (name: string, bytes: string | Buffer, hoursAgo: number) => {
    await writeFile(join(directory, name), bytes);
    await utimes(join(directory, name), nowS, nowS - hoursAgo * HOUR_S);
  };
  await write('audit.log', mebibyte, 0);
  await write('audit.log.1', mebibyte, 1);
  await write('audit.log.2.gz', gzipSync(mebibyte.repeat(22)), 2);
  await write('audit.log.3.gz', gzipSync('older'), 24);
  const check = async (recorded: Recorded, source: object = {}) => {
    const config = join(directory, 'config.yaml');
    const bin = await installRecorded(recorded, directory);
    await writeFile(
      config,
      stringify({
        sources: [{ name: 'main', paths: [log], format: 'text', ...source }],
        collectors: [{ host: 'localhost', port: 1 }],
        tls: { ca: '/nowhere/ca.pem', cert: '/nowhere/cert.pem', key: '/nowhere/key.pem' },
        journal: { directory: join(directory, 'journal'), maxBytes: '128MiB', keepFree: '0%' },
      }),
    );
    const io = capturedIo({ env: { PATH: bin } });
    await runProgram(['check', '--offline', '--logrotate', join(directory, 'logrotate.conf'), '--config', config], io);
    const lines = io.out().split('\n');
    return lines.flatMap((line, index) => {
      if (!/outage|rotated|logrotate/.test(line) || line.startsWith('  ')) return [];
      const next = lines[index + 1] ?? '';
      return next.startsWith('  ') ? [line.trim(), next.trim()] : [line.trim()];
    });
  };
  return { directory, log, check };
}

test('rotated files are named, and it is estimated how long the collector and the agent may be away', async (t) => {
  const { directory, log, check } = await scene(t);
  const lines = await check('daily');

  t.is(
    lines[0],
    `ok       source main: 3 rotated files to search for unread lines, 23 MiB: ${log}.1, ${log}.2.gz, ${log}.3.gz`,
  );
  t.regex(
    lines[1] ?? '',
    /^warning {2}outage: the journal lasts for \d d( \d+ h)? at today's rate \(24 MiB of log a day\)$/,
  );
  t.is(lines[2], 'hint: a collector may be away for that long; raise journal.maxBytes, or give its volume more room');
  t.is(lines[3], `ok       outage: rotated files of ${log} are kept for 7 d (${directory}/logrotate.conf)`);
  t.is(lines.length, 4);
});

test('a directory for rotated files that no pattern covers is a warning, with the line to add', async (t) => {
  const { directory, log, check } = await scene(t);
  const lines = await check('olddir');
  const hint = `hint: add to source main: rotated: ["${directory}/old/audit.log*"]`;
  t.true(
    lines.includes(
      `warning  source main: logrotate (${directory}/logrotate.conf) moves ${log} to ${directory}/old, where the agent does not search for unread lines`,
    ),
    lines.join('\n'),
  );
  t.true(lines.includes(hint));

  const covered = await check('olddir', { rotated: [`${directory}/old/audit.log*`] });
  t.false(covered.some((line) => line.startsWith('warning  source')));
});

const faults: readonly (readonly [string, Recorded, RegExp])[] = [
  [
    'a name that does not look like a rotated file',
    'unusual-names',
    /renames .* to .*_old\.txt, where the agent does not search/,
  ],
  ['a compressor that is not gzip', 'xz', /compresses .* with \/usr\/bin\/xz, which the agent cannot read/],
  ['copytruncate', 'copytruncate', /by copytruncate; lines written between copy and truncation are lost/],
  ['rotation that keeps nothing', 'keeps-nothing', /removes .* at rotation; lines that are unread then are lost/],
  ['shred', 'shred', /overwrites rotated files of .* \(shred\)/],
];

for (const [what, recorded, expected] of faults) {
  test(`${what} is warned of once, with a hint`, async (t) => {
    const { check } = await scene(t);
    const lines = await check(recorded);
    const at = lines.findIndex((line) => expected.test(line));
    t.true(lines[at]?.startsWith('warning'), lines.join('\n'));
    t.true(lines[at + 1]?.startsWith('hint: '));
    t.is(lines.filter((line) => expected.test(line)).length, 1);
  });
}

test('a mode with which the agent cannot read the next log is a warning', async (t) => {
  const { check, directory } = await scene(t);
  await mkdir(join(directory, 'journal'), { mode: 0o700 });
  const lines = await check('closed');
  const isRoots = process.getuid?.() === 0;
  t.is(
    lines.some((line) => /creates .* with mode 0600, which the agent cannot read/.test(line)),
    !isRoots,
  );
});

test('how long a log is kept that logrotate does not rotate is unknown', async (t) => {
  const { directory, check } = await scene(t);
  t.is(
    (await check('other-log')).at(-1),
    `ok       outage: cannot tell how long rotated files are kept; ${directory}/logrotate.conf does not rotate these logs`,
  );
});

test('rotation by size is converted to time, and a short time is a warning', async (t) => {
  const { check } = await scene(t);
  const lines = await check('size');
  t.true(
    lines.some((line) => /^warning {2}outage: rotated files of .* are kept for 1 d /.test(line)),
    lines.join('\n'),
  );
});
