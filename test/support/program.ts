/** Runs a program of the system to its end, with what it said; for tests with openssl, certtool and php. */
import { execFile } from 'node:child_process';

export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, as a terminal shows them. */
  readonly output: string;
}

interface Surroundings {
  readonly cwd?: string;
  readonly stdin?: string;
  /** Beside those that are set. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default: a minute. */
  readonly timeoutMs?: number;
}

/** Never rejects for a status other than 0; rejects when the program is not there or takes too long. */
export function runProgram(
  command: string,
  args: readonly string[],
  { cwd, stdin, env, timeoutMs = 60_000 }: Surroundings = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const settings = { cwd, timeout: timeoutMs, ...(env && { env: { ...process.env, ...env } }) };
    const child = execFile(command, args, settings, (error, stdout, stderr) => {
      const status = child.exitCode;
      if (status === null) return reject(error ?? new Error(`${command} has no exit status`));
      resolve({ status, stdout, stderr, output: stdout + stderr });
    });
    // It may end without reading.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(stdin);
  });
}
