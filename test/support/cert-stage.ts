/** Runs a `cert` command as a process would, with streams that a test can read, in a directory of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certCommand } from '../../src/cli/cert/cert.js';
import type { ExitStatus } from '../../src/cli/io.js';
import { capturedIo } from './captured-io.js';

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** What the command set; errors are thrown. */
  readonly exitStatus: ExitStatus;
}

export interface Stage {
  readonly directory: string;
  path(name: string): string;
  /** Throws what the command throws. */
  cert(args: readonly string[], stdin?: string): Promise<Outcome>;
  remove(): Promise<void>;
}

export async function makeStage(): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'cert-'));
  return {
    directory,
    path: (name) => join(directory, name),
    cert: runCert,
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

async function runCert(args: readonly string[], stdin = ''): Promise<Outcome> {
  const io = capturedIo({ stdin });
  const command = certCommand(io);
  for (const each of [command, ...command.commands]) {
    each.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  }
  await command.parseAsync([...args], { from: 'user' });
  return { stdout: io.out(), stderr: io.err(), exitStatus: io.status() };
}
