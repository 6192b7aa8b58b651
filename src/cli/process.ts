/**
 * Runs the program as a process: arguments in, exit status out. Nowhere else are signals
 * heard, is an error turned into words, or the process ended.
 */
import { AgentError, systemCode } from '../lib/errors.js';
import { painter } from '../observe/paint.js';
import type { ExitStatus, Io } from './io.js';
import { runProgram } from './program.js';
import { errorText } from './voice.js';

const { stdout, stderr, env } = process;
const stop = new AbortController();
const isTerminal = stderr.isTTY === true;
let status: ExitStatus = 0;
/** Called when standard output or standard error cannot be written. */
let unwritable = endQuietly;

const io: Io = {
  // Node opens it when it is first looked at, and few commands do.
  get stdin() {
    return process.stdin;
  },
  stdout,
  stderr,
  env,
  isTerminal,
  screen: () => (stdout.isTTY ? { columns: stdout.columns, rows: stdout.rows } : undefined),
  signal: stop.signal,
  onHangup: (listener) => void process.on('SIGHUP', listener),
  onUnwritable: (listener) => {
    unwritable = listener;
  },
  setExitStatus: (found) => {
    status = found;
  },
};

/** Terminals, npm and timeout(1) deliver one wish twice, to the process and to its group. */
const SAME_WISH_MS = 1_000;
let askedAtMs: number | undefined;

/** The first signal asks for an orderly end; a second one ends the process at once, with the usual status 128 + signal. */
function heed(signal: 'SIGINT' | 'SIGTERM', number: number): void {
  process.on(signal, () => {
    askedAtMs ??= performance.now();
    if (performance.now() - askedAtMs > SAME_WISH_MS) process.exit(128 + number);
    stop.abort();
  });
}

/** The reader of our output has ended (`… | head`): nobody is left to tell. */
function endQuietly(error: Error): void {
  if (systemCode(error) !== 'EPIPE') throw error;
  stop.abort();
}

function fail(error: unknown): never {
  stderr.write(errorText(error, painter(isTerminal, env), env));
  process.exit(exitStatusOf(error));
}

/** Trouble of the machine passes; what is wrong with usage or configuration does not, so that systemd need not try again. */
const TROUBLES: ReadonlySet<string> = new Set('EMFILE ENFILE ENOMEM EAGAIN EIO ENOSPC EDQUOT EROFS ESTALE'.split(' '));

function exitStatusOf(error: unknown): ExitStatus {
  for (let each = error; each instanceof Error; each = each.cause) if (TROUBLES.has(systemCode(each))) return 1;
  return error instanceof AgentError && (error.code === 'usage' || error.code === 'configuration') ? 2 : 1;
}

async function live(): Promise<never> {
  heed('SIGINT', 2);
  heed('SIGTERM', 15);
  stdout.on('error', (error) => unwritable(error));
  stderr.on('error', (error) => unwritable(error));
  process.on('uncaughtException', fail);
  try {
    await runProgram(process.argv.slice(2), io);
  } catch (error) {
    fail(error);
  }
  // A socket or timer that a command forgot must not keep a finished program.
  process.exit(status);
}

void live();
