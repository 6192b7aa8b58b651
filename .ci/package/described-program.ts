/** The program's own description of itself: every command and option, without running any. */
import { Readable, Writable } from 'node:stream';
import type { Command } from 'commander';
import { wholeProgram } from '../../src/cli/program.js';

export async function describedProgram(): Promise<Command> {
  const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
  return wholeProgram({
    stdin: Readable.from([]),
    stdout: nowhere(),
    stderr: nowhere(),
    env: {},
    isTerminal: false,
    screen: () => undefined,
    signal: new AbortController().signal,
    onHangup: () => undefined,
    onUnwritable: () => undefined,
    setExitStatus: () => undefined,
  });
}

/** What `--help` adds behind commander's own part: examples, exit status. */
export function addedHelp(command: Command): string {
  const written: string[] = [];
  const output = command.configureOutput();
  command.configureOutput({ ...output, writeOut: (text) => void written.push(text) });
  command.outputHelp();
  command.configureOutput(output);
  return written
    .join('')
    .slice(command.helpInformation().length)
    .replace(/^\n+|\n+$/g, '');
}
