import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { runProgram } from '../../../src/cli/program.js';
import { UsageError } from '../../../src/cli/usage-error.js';
import { ConfigError } from '../../../src/config/fault.js';
import { AgentError } from '../../../src/lib/errors.js';
import { capturedIo } from '../../support/captured-io.js';

/** The program's own `export`, with a configuration of its own. */
async function exported(t: ExecutionContext, yaml: string, ...args: string[]) {
  const place = await mkdtemp(join(tmpdir(), 'export-'));
  t.teardown(() => rm(place, { recursive: true }));
  const file = join(place, 'config.yaml');
  await writeFile(file, yaml.replace('PLACE', place));
  const io = capturedIo();
  return { io, place, run: () => runProgram(['export', '--config', file, ...args], io) };
}

test('--grants prints an account for each site of the configuration, and needs no other section', async (t) => {
  const yaml = 'export: { sites: [{ name: a, database: emr_a }, { name: b, database: emr_b, host: db.example }] }';
  const { io, run } = await exported(t, yaml, '--grants');
  await run();
  t.regex(io.out(), /GRANT SELECT ON `emr_a`\.`log` TO 'openemr-audit-export'@'localhost';/);
  t.regex(io.out(), /GRANT SELECT ON `emr_b`\.`log` TO 'openemr-audit-export'@'%';/);
  t.is(io.err(), '');
});

test('without a site it is told which key is missing', async (t) => {
  const { run } = await exported(t, 'log: { level: info }', '--once');
  const error = await t.throwsAsync(run, { instanceOf: ConfigError, code: 'configuration' });
  t.regex(error.message, /export\.sites: missing/);
});

test('a place to begin that is none is wrong usage, before anything is written', async (t) => {
  const { place, run } = await exported(
    t,
    'export: { directory: PLACE/logs, sites: [{ name: a }] }',
    '--start-at',
    'yesterday',
  );
  const error = await t.throwsAsync(run, { instanceOf: UsageError });
  t.is(error.message, '--start-at yesterday is not a valid start');
  t.deepEqual(await readdir(place), ['config.yaml']);
});

test('a credential that only a unit has is asked for by name', async (t) => {
  const yaml = 'export: { directory: PLACE/logs, sites: [{ name: a, passwordFile: secret }] }';
  const { run } = await exported(t, yaml, '--once');
  const error = await t.throwsAsync(run, { instanceOf: AgentError, code: 'credential-missing' });
  t.regex(error.hint ?? '', /LoadCredential=secret:/);
});
