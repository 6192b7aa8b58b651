/**
 * What a command touches of its process: streams, environment, the wish to
 * stop, and the exit status. Given as one argument, so that a test can be the
 * process. Only main.ts makes one of the real thing.
 */
import type { Readable, Writable } from 'node:stream';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
}

/** 0 done, 1 failed, 2 wrong usage or configuration. */
export type ExitStatus = 0 | 1 | 2;

export interface Io {
  readonly stdin: Readable;
  /** Results, and nothing else. */
  readonly stdout: Writable;
  /** Everything else a person reads. */
  readonly stderr: Writable;
  readonly env: NodeJS.ProcessEnv;
  /** stderr is a terminal: colour and live lines are welcome. */
  readonly isTerminal: boolean;
  /** The size of the terminal that stdout is just now; `undefined` where it is a file or a pipe. */
  screen(): Screen | undefined;
  /** Aborts at the first SIGINT or SIGTERM; a command then ends in order. */
  readonly signal: AbortSignal;
  /** Calls back at every SIGHUP, which ends the process otherwise. */
  onHangup(listener: () => void): void;
  /** Calls back whenever standard output or standard error refuses something; otherwise that ends the process. */
  onUnwritable(listener: (error: Error) => void): void;
  /** For a command that says its finding as a result and does not throw it, for example `check`. */
  setExitStatus(status: ExitStatus): void;
}
