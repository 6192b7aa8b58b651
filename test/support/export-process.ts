/**
 * The export as a process of its own, to be killed: `node export-process.js
 * SETTINGS.json ARGUMENT…`, where the settings stand in place of the
 * configuration file's.
 */
import { readFileSync } from 'node:fs';
import { exportCommand } from '../../src/cli/export/export.js';
import type { Io } from '../../src/cli/io.js';
import { runProgram } from '../../src/cli/program.js';
import { AgentError } from '../../src/lib/errors.js';

const [, , settings = '', ...args] = process.argv;
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());

const io: Io = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  isTerminal: false,
  screen: () => undefined,
  signal: stop.signal,
  onHangup: () => undefined,
  onUnwritable: () => undefined,
  setExitStatus: (status) => {
    process.exitCode = status;
  },
};

try {
  const load = async () => JSON.parse(readFileSync(settings, 'utf8'));
  await runProgram(['export', ...args], io, [(given) => exportCommand(given, load)]);
} catch (error) {
  process.exitCode = 1;
  if (!(error instanceof AgentError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
}
