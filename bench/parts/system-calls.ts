/** Counts the system calls of a running process by `strace -c -f`. That slows it down: nothing else is measured in such a run. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runProgram } from '../../test/support/program.js';

export interface SystemCalls {
  readonly all: number;
  /** fsync and fdatasync. */
  readonly syncs: number;
}

export async function hasStrace(): Promise<boolean> {
  return runProgram('strace', ['--version']).then(
    () => true,
    () => false,
  );
}

export async function systemCalls(pid: number, seconds: number, file: string): Promise<SystemCalls> {
  const strace = spawn('strace', ['-c', '-f', '-q', '-o', file, '-p', String(pid)], { stdio: 'ignore' });
  const ended = once(strace, 'exit');
  await Promise.race([sleep(seconds * 1000), ended]);
  strace.kill('SIGINT');
  await ended;
  const calls = [...readFileSync(file, 'utf8').matchAll(/^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$/gm)];
  rmSync(file);
  const count = (wanted: (name: string) => boolean) =>
    calls.reduce((sum, [, number, name]) => sum + (wanted(name!) ? Number(number) : 0), 0);
  return { all: count((name) => name !== 'total'), syncs: count((name) => /^f(data)?sync$/.test(name)) };
}
