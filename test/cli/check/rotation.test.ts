/** What `check` says of rotated files, of logrotate's configuration, and of how long an outage may last. */
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import { runProgram } from '../../../src/cli/program.js';
import { capturedIo } from '../../support/captured-io.js';
import { temporaryDirectory } from '../../support/files.js';

const HOUR_S = 3600;

interface Scene {
  readonly directory: string;
  readonly log: string;
  /** Lines of `check --offline` that speak of rotation or outage, hints included. */
  check(stanza: string, source?: object): Promise<string[]>;
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
  const check = async (stanza: string, source: object = {}) => {
    const config = join(directory, 'config.yaml');
    const logrotate = join(directory, 'logrotate.conf');
    await writeFile(logrotate, stanza);
    await writeFile(
      config,
      stringify({
        sources: [{ name: 'main', paths: [log], format: 'text', ...source }],
        collectors: [{ host: 'localhost', port: 1 }],
        tls: { ca: '/nowhere/ca.pem', cert: '/nowhere/cert.pem', key: '/nowhere/key.pem' },
        journal: { directory: join(directory, 'journal'), maxBytes: '128MiB', keepFree: '0%' },
      }),
    );
    const io = capturedIo();
    await runProgram(['check', '--offline', '--logrotate', logrotate, '--config', config], io);
    const lines = io.out().split('\n');
    return lines.flatMap((line, index) => {
      if (!/outage|rotated|logrotate/.test(line) || line.startsWith('  ')) return [];
      const next = lines[index + 1] ?? '';
      return next.startsWith('  ') ? [line.trim(), next.trim()] : [line.trim()];
    });
  };
  return { directory, log, check };
}

test('rotated files that would be looked into are named, and outages that journal and rotation survive are reckoned', async (t) => {
  const { directory, log, check } = await scene(t);
  const lines = await check(`"${log}" {\n daily\n rotate 7\n compress\n delaycompress\n}\n`);

  t.is(lines[0], `ok       source main: 3 rotated files to look into, 23 MiB: ${log}.1, ${log}.2.gz, ${log}.3.gz`);
  t.regex(
    lines[1] ?? '',
    /^warning {2}outage: at today's rate \(24 MiB of log a day\) the journal holds the messages of \d d( \d+ h)?$/,
  );
  t.is(lines[2], 'hint: for so long a collector may be away; raise journal.maxBytes, or give its volume more room');
  t.is(lines[3], `ok       outage: unread lines stay for 7 d in rotated files of ${log} (${directory}/logrotate.conf)`);
  t.is(lines.length, 4);
});

test('a directory for rotated files that is not covered is warned of, with what to write', async (t) => {
  const { directory, log, check } = await scene(t);
  const stanza = `"${log}" {\n daily\n rotate 30\n olddir old\n}\n`;
  const lines = await check(stanza);
  const hint = `hint: add to source main: rotated: ["${directory}/old/audit.log*"]`;
  t.true(
    lines.includes(
      `warning  source main: logrotate (${directory}/logrotate.conf) moves ${log} to ${directory}/old, where the agent does not look for what it has not read`,
    ),
  );
  t.true(lines.includes(hint));

  const covered = await check(stanza, { rotated: [`${directory}/old/audit.log*`] });
  t.false(covered.some((line) => line.startsWith('warning  source')));
});

const faults: readonly (readonly [string, string, RegExp])[] = [
  [
    'names that nobody would take for a rotated file',
    'dateext\n dateformat _%s_old.txt',
    /renames .* to .*_old\.txt, where the agent does not look/,
  ],
  [
    'a compressor that is not gzip',
    'compress\n compresscmd /usr/bin/xz',
    /compresses .* with \/usr\/bin\/xz, which the agent cannot read/,
  ],
  ['copytruncate', 'copytruncate', /by copytruncate; what is written between copy and truncation is lost/],
  ['rotation that keeps nothing', 'rotate 0', /removes .* at rotation; what is unread then is lost/],
];

for (const [what, option, expected] of faults) {
  test(`${what} is warned of once, with a hint`, async (t) => {
    const { log, check } = await scene(t);
    const lines = await check(`"${log}" {\n daily\n rotate 7\n ${option}\n}\n`);
    const at = lines.findIndex((line) => expected.test(line));
    t.true(lines[at]?.startsWith('warning'), lines.join('\n'));
    t.true(lines[at + 1]?.startsWith('hint: '));
    t.is(lines.filter((line) => expected.test(line)).length, 1);
  });
}

test('a log that logrotate does not rotate is said to be kept as long as only its owner knows', async (t) => {
  const { directory, check } = await scene(t);
  const lines = await check('/var/log/other.log {\n rotate 4\n}\n');
  t.is(
    lines.at(-1),
    `ok       outage: no stanza of ${directory}/logrotate.conf rotates these logs; for how long unread lines stay, only you know`,
  );
});

test('rotation by size is reckoned in time, and little of it is warned of', async (t) => {
  const { log, check } = await scene(t);
  const lines = await check(`"${log}" {\n size 4M\n rotate 6\n}\n`);
  t.true(
    lines.some((line) => /^warning {2}outage: unread lines stay for 1 d in rotated files/.test(line)),
    lines.join('\n'),
  );
});
