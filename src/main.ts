#!/usr/bin/env node
/**
 * The process: arguments in, exit status out. Nowhere else are signals heard,
 * is an error turned into words, or the process ended.
 */
import type { ExitStatus, Io } from './cli/io.js';
import { runProgram } from './cli/program.js';
import { errorText } from './cli/voice.js';
import { AgentError, systemCode } from './lib/errors.js';
import { painter } from './observe/paint.js';

const { stdin, stdout, stderr, env } = process;
const stop = new AbortController();
const isTerminal = stderr.isTTY === true;
let status: ExitStatus = 0;

const io: Io = {
  stdin,
  stdout,
  stderr,
  env,
  isTerminal,
  screen: () => (stdout.isTTY ? { columns: stdout.columns, rows: stdout.rows } : undefined),
  signal: stop.signal,
  onHangup: (listener) => void process.on('SIGHUP', listener),
  setExitStatus: (found) => {
    status = found;
  },
};

/** Terminals, npm and timeout(1) deliver one wish twice, to the process and to its group. */
const SAME_WISH_MS = 1_000;
let askedAtMs: number | undefined;

/** The first asks for an orderly end; whoever asks again wants it at once, and is told so by the usual 128 + signal. */
function heed(signal: 'SIGINT' | 'SIGTERM', number: number): void {
  process.on(signal, () => {
    askedAtMs ??= performance.now();
    if (performance.now() - askedAtMs > SAME_WISH_MS) process.exit(128 + number);
    stop.abort();
  });
}

/** Whoever read our results has gone (`… | head`): nobody is left to tell. */
function endQuietly(error: Error): void {
  if (systemCode(error) !== 'EPIPE') throw error;
  stop.abort();
}

function fail(error: unknown): never {
  stderr.write(errorText(error, painter(isTerminal, env), env));
  process.exit(exitStatusOf(error));
}

function exitStatusOf(error: unknown): ExitStatus {
  return error instanceof AgentError && (error.code === 'usage' || error.code === 'configuration') ? 2 : 1;
}

heed('SIGINT', 2);
heed('SIGTERM', 15);
stdout.on('error', endQuietly);
stderr.on('error', endQuietly);
process.on('uncaughtException', fail);

try {
  await runProgram(process.argv.slice(2), io);
} catch (error) {
  fail(error);
}
// A socket or timer that a command forgot must not keep a finished program.
process.exit(status);
