/** What `check` says of sources, journal and configuration, offline. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import { checkJournal } from '../../../src/cli/check/journal.js';
import { serviceUser } from '../../../src/cli/check/permission.js';
import { runProgram } from '../../../src/cli/program.js';
import { capturedIo } from '../../support/captured-io.js';
import { load } from '../../support/config.js';
import { temporaryDirectory } from '../../support/files.js';

/** Lines of `check --offline` with these paths. */
async function checked(t: ExecutionContext, path: string): Promise<string> {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'config.yaml');
  const journal = join(directory, 'journal');
  mkdirSync(journal, { mode: 0o700 });
  writeFileSync(
    file,
    stringify({
      sources: [{ name: 'main', paths: [path], format: 'text' }],
      collectors: [{ host: 'localhost', port: 1 }],
      tls: { ca: '/nowhere/ca.pem', cert: '/nowhere/cert.pem', key: '/nowhere/key.pem' },
      journal: { directory: journal, keepFree: '0%' },
    }),
  );
  const io = capturedIo();
  await runProgram(['check', '--offline', '--config', file], io);
  return io.out();
}

test('a directory of logs that does not exist is named', async (t) => {
  const directory = join(temporaryDirectory(t), 'none');
  const out = await checked(t, `${directory}/*.log`);
  t.true(
    out.includes(
      `warning  source main: no file matches ${directory}/*.log: the directory ${directory} does not exist\n`,
    ),
  );
});

test('where only the file is missing, no directory is blamed', async (t) => {
  const directory = temporaryDirectory(t);
  const out = await checked(t, `${directory}/*.log`);
  t.true(out.includes(`warning  source main: no file matches ${directory}/*.log\n`));
});

test('the number for documentation is a note, not a warning', async (t) => {
  const out = await checked(t, '/nowhere/*.log');
  t.regex(out, /^note {5}message\.enterpriseId is 32473/m);
});

test('the journal is tried by writing and syncing a file, and nothing is left of it', async (t) => {
  const { file, journal } = await load(
    'sources: [{ name: a, paths: [/a] }]\ncollectors: [{ host: h }]\ntls: { ca: /a, cert: /b, key: /c }\n',
  );
  const user = await serviceUser({ file, journal });
  // Root can write everywhere but here.
  const [refused] = await checkJournal({ ...journal, directory: '/proc/self' }, user);
  t.is(refused?.verdict, 'bad');
  t.regex(refused?.text ?? '', /\/proc\/self/);
});
