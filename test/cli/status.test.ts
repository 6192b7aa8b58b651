import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { runProgram } from '../../src/cli/program.js';
import { statusCommand } from '../../src/cli/status.js';
import { capturedIo } from '../support/captured-io.js';

async function wrongConfiguration(): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'status-')), 'config.yaml');
  await writeFile(file, 'sourcse: []\n');
  return file;
}

test('a wrong configuration is a PROBLEM in the first line, which is all that monitoring shows', async (t) => {
  const file = await wrongConfiguration();
  const io = capturedIo();

  const error = await t.throwsAsync(runProgram(['status', '--config', file], io, [statusCommand]));

  t.regex(io.out(), /^PROBLEM: \S+config\.yaml: \d faults in the configuration; [^\n]*\n$/);
  t.regex(error.message, /sourcse: no such key; did you mean sources\?/);
});

test('a program that asks for JSON gets none about a wrong configuration', async (t) => {
  const file = await wrongConfiguration();
  const io = capturedIo();

  await t.throwsAsync(runProgram(['status', '--json', '--config', file], io, [statusCommand]), {
    code: 'configuration',
  });

  t.is(io.out(), '');
});
