/** `check`, run by root, judges files as the user that the service runs as. Needs root, and the user nobody. */
import { chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import { runProgram } from '../../src/cli/program.js';
import { capturedIo } from '../support/captured-io.js';
import { temporaryDirectory } from '../support/files.js';
import { installRecorded } from '../support/recorded-logrotate.js';

const NOBODY = 65_534;

/** A log of root's, and the journal of an agent that runs as nobody. */
async function checked(t: ExecutionContext, mode: number): Promise<{ lines: string; journal: string; log: string }> {
  const directory = temporaryDirectory(t);
  const [log, journal, file] = ['audit.log', 'journal', 'config.yaml'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  chmodSync(directory, 0o755);
  mkdirSync(journal, { mode: 0o700 });
  chownSync(journal, NOBODY, NOBODY);
  writeFileSync(log, 'a line\n', { mode });
  const bin = await installRecorded('closed', directory);
  writeFileSync(
    file,
    stringify({
      sources: [{ name: 'main', paths: [log], format: 'text' }],
      collectors: [{ host: 'localhost', port: 1 }],
      tls: { ca: '/nowhere/ca.pem', cert: '/nowhere/cert.pem', key: '/nowhere/key.pem' },
      journal: { directory: journal, keepFree: '0%' },
    }),
  );
  const io = capturedIo({ env: { PATH: bin } });
  await runProgram(['check', '--offline', '--logrotate', join(directory, 'logrotate.conf'), '--config', file], io);
  return { lines: io.out(), journal, log };
}

test.serial('a log that root alone can read fails, with the command that opens it to the service', async (t) => {
  const { lines, log } = await checked(t, 0o600);
  t.true(lines.includes(`FAILED   source main: the agent's user nobody cannot read ${log} (EACCES)\n`), lines);
  t.true(lines.includes(`hint: as root: setfacl -m u:nobody:r ${log}\n`), lines);
  t.is(process.geteuid?.(), 0);
});

test.serial('a log that everybody can read is ok, and nothing is left in the journal', async (t) => {
  const { lines, journal } = await checked(t, 0o644);
  t.regex(lines, /^ok {7}source main: 1 file, 7 B$/m);
  t.regex(lines, /^ok {7}journal /m);
  t.deepEqual(readdirSync(journal), []);
});

test.serial('create 0600 root root of logrotate is a warning, although root asks', async (t) => {
  const { lines } = await checked(t, 0o644);
  t.regex(lines, /creates .* with mode 0600, which the agent's user nobody cannot read/);
});
